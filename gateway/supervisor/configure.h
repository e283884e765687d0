/* What CONFIGURE tells every worker. */
#ifndef SUPERVISOR_CONFIGURE_H
#define SUPERVISOR_CONFIGURE_H

struct msg_configure;
struct settings;

/* configure: zeroed. Reads the certificate. Returns 0, -errno of its file, -EFBIG if it is too large. */
int configure_fill(const struct settings *settings, struct msg_configure *configure);

#endif
