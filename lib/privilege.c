/* SPDX-License-Identifier: Apache-2.0 */
/* libcap-ng keeps one picture of the process' sets; each change here is drawn and applied. */
#include "lib/privilege.h"

#include <errno.h>
#include <pwd.h>
#include <unistd.h>
#include <cap-ng.h>
#include <sys/prctl.h>

#include "lib/error.h"

static bool refuse(GError **error, const char *what, const char *subject, const char *reason)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED, "%s %s: %s", what, subject, reason);
	return false;
}

/* No program that is executed gets more than this one has. */
static bool stop_gains(GError **error)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ||
	       refuse(error, "privileges", "no_new_privs", g_strerror(errno));
}

/* The bounding set is cut, too, where this process may. */
static bool apply(GError **error)
{
	capng_select_t sets = prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) == 1
				      ? CAPNG_SELECT_BOTH
				      : CAPNG_SELECT_CAPS;

	/* Who lacks CAP_SETPCAP keeps the bounding set; without new privileges it bounds nothing. */
	if (capng_apply(sets) == 0 || capng_apply(CAPNG_SELECT_CAPS) == 0)
		return true;
	return refuse(error, "privileges", "capabilities", "cannot be given up");
}

bool privilege_keep(const int *always, const int *sometimes, GError **error)
{
	bool have[CAP_LAST_CAP + 1] = {false};

	capng_get_caps_process();
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		have[i] = capng_have_capability(CAPNG_PERMITTED, (unsigned int)i);
	capng_clear(CAPNG_SELECT_ALL);
	for (const int *one = always; *one >= 0; one++) {
		if (!have[*one])
			return refuse(error, "capability",
				      capng_capability_to_name((unsigned int)*one),
				      "is needed and missing");
		capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned int)*one);
	}
	for (const int *one = sometimes; *one >= 0; one++)
		if (have[*one])
			capng_update(CAPNG_ADD, CAPNG_PERMITTED, (unsigned int)*one);
	return apply(error) && stop_gains(error);
}

bool privilege_raise(int capability)
{
	if (!capng_have_capability(CAPNG_PERMITTED, (unsigned int)capability))
		return false;
	capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, (unsigned int)capability);
	return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

void privilege_lower(int capability)
{
	int number = errno;

	capng_update(CAPNG_DROP, CAPNG_EFFECTIVE, (unsigned int)capability);
	if (capng_apply(CAPNG_SELECT_CAPS))
		g_error("privileges: %s cannot be put down",
			capng_capability_to_name((unsigned int)capability));
	errno = number; /* of what was done with it */
}

void privilege_forget(int capability)
{
	capng_update(CAPNG_DROP, CAPNG_PERMITTED, (unsigned int)capability);
	privilege_lower(capability);
}

static bool change_user(const char *user, GError **error)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "user %s: not known", user);
		return false;
	}
	if (entry->pw_uid == getuid() && getuid() != 0)
		return true;
	if (capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
			    CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING))
		return refuse(error, "user", user, "cannot become it");
	/* As if it had been started by that user: it may be examined by that user. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return true;
}

bool privilege_become(const char *user, GError **error)
{
	capng_results_t had;

	capng_get_caps_process();
	had = capng_have_capabilities(CAPNG_SELECT_CAPS);
	capng_clear(CAPNG_SELECT_ALL);
	if (user && !change_user(user, error))
		return false;
	/* Who has nothing may be forbidden the very call. */
	return (had == CAPNG_NONE || apply(error)) && stop_gains(error);
}
