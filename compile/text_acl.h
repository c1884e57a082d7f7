/* SPDX-License-Identifier: Apache-2.0 */
/* The text of rows of borders and of network ACLs' rules; see text.h. */
#pragma once

#include "compile/compile.h"

/* All are owned by the caller. */
char *text_acl_set(struct uuid acl_id); /* "acl:UUID" */
char *text_key_acl_rule(const struct network_acl_rule *rule);
char *text_print_acl_rule(const struct network_acl_rule *rule);
char *text_key_border(struct vni vni, const struct subnet *subnet);
char *text_print_border(const struct subnet *subnet); /* which names an ACL */
