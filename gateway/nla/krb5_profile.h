/* What libkrb5 is told in this process, and all that it is told: it opens no file. Its settings come from NLA_BEGIN, those of
 * krb5_profile.c stand before them.
 *
 * libkrb5 knows settings that come from elsewhere (profile_init_vtable), but WinPR makes its contexts with krb5_init_context,
 * which would read /etc/krb5.conf. The function of that name in krb5_profile.c comes before libkrb5's, as the program's
 * symbols do before those of libraries; krb5_profile_is_used says whether it did.
 */
#ifndef NLA_KRB5_PROFILE_H
#define NLA_KRB5_PROFILE_H

#include <stdbool.h>

/* relations: "name value\n" for each one of [libdefaults]. Borrowed for as long as libkrb5 is used. */
void krb5_profile_set(const char *relations);

/* krb5_init_context of a library that this process has loaded is ours. */
bool krb5_profile_is_used(void);

#endif
