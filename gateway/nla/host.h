/* The jump host as sekisho-nla sees it: its certificates, judged before a token goes out, and the key that its CredSSP must
 * prove. The bytes are a relay worker's word for what the host sent.
 */
#ifndef NLA_HOST_H
#define NLA_HOST_H

#include "rdp/pdu.h"
#include "relay/host_certificate.h"

/* ders: certificates in DER, one behind the other, the host's own first. ret_key: content of its subjectPublicKey. Returns
 * 0, -EKEYREJECTED if it is not the one that is trusted (ret_refused: which, and why), -EBADMSG, -EMSGSIZE (a key of over
 * `size` bytes). */
int nla_host_judge(const struct host_trust *trust, const struct pdu_bytes *ders, uint8_t *ret_key,
	size_t size, size_t *ret_key_len, struct msg_nla_certificate *ret_refused);

#endif
