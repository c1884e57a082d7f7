/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates of a cloud: a folder with its own authority (CA), what that has
 * issued, and what it has revoked. ECDSA P-256, random serials. Blocks; for the command line
 * and tests.
 *
 *   ca.crt ca.key ca.crl    the authority, its key (0600), what is revoked
 *   NAME.crt NAME.key       the last certificate of that name and its key (0600)
 *   issued/SERIAL.crt       every certificate
 */
#pragma once

#include <stdbool.h>
#include <glib.h>
#include "lib/pki_id.h"

struct pki_wish {
	enum pki_kind kind;
	const char *name;
	const char *const *ips; /* NULL-terminated, or NULL */
	const char *const *dns; /* names besides NAME; NULL-terminated, or NULL */
	int days;		/* 0: 365; below 0: has expired already */
	int seconds;		/* instead, unless 0: for tests */
};

struct pki_entry {
	struct pki_id id;
	bool revoked;
};

/* Makes FOLDER (if need be) and an authority for CLOUD in it; refuses to replace one. */
bool pki_init(const char *folder, const char *cloud, int days, GError **error);

/*
 * A further certificate with a key of its own: NAME.crt and NAME.key are replaced, what was
 * issued before stays valid. A name has one kind; another is WEFT_ERROR_CONFLICT.
 */
bool pki_issue(const char *folder, const struct pki_wish *wish, GError **error);

/*
 * WHICH: a serial, or a name for all of its certificates. Puts them on ca.crl.
 * WEFT_ERROR_NOT_FOUND when there is none, or none that is not revoked.
 */
bool pki_revoke(const char *folder, const char *which, unsigned int *count_out, GError **error);

/* struct pki_entry, owned by the array; by name, then by expiry. */
GPtrArray *pki_list(const char *folder, GError **error);
