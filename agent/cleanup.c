/* SPDX-License-Identifier: Apache-2.0 */
/* The reverse of everything an agent makes, for a host that is no more. */
#include "agent/cleanup.h"

#include <unistd.h>

#include "agent/hooks.h"
#include "agent/links.h"
#include "agent/programs.h"
#include "agent/vxlan.h"
#include "lib/error.h"
#include "lib/log.h"

static bool devices_remove(struct netlink *netlink, GError **error)
{
	g_autoptr(GArray) links = links_list(netlink, error);

	for (guint i = 0; links && i < links->len; i++) {
		const struct link *link = &g_array_index(links, struct link, i);
		struct uuid port;
		bool made;

		if (!links_parse_alias(link->alias, &port, &made))
			continue;
		if (!made)
			links_release(netlink, link->ifindex);
		else if (!links_delete(netlink, link->ifindex, error))
			return false;
		log_info("port", "%s: removed", link->name);
	}
	return links != NULL;
}

bool cleanup_host(const char *run, const char *host, GError **error)
{
	g_autofree char *folder = g_build_filename(run, host, NULL);
	g_autofree char *pins = g_build_filename(folder, "bpf", NULL);
	g_autofree char *socket = g_build_filename(folder, "agent.sock", NULL);
	struct netlink *netlink;
	struct hooks *hooks;
	bool ok;

	/* A wrong name must not cost another host its devices. */
	if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND,
			    "host %s: nothing of it in %s", host, run);
		return false;
	}
	netlink = netlink_new(error);
	if (!netlink)
		return false;
	hooks = hooks_new(pins, HOOKS_AUTO);
	hooks_sweep(hooks, NULL, NULL);
	hooks_free(hooks);
	ok = devices_remove(netlink, error);
	vxlan_delete(netlink);
	netlink_free(netlink);
	programs_unpin(pins);
	unlink(socket);
	rmdir(folder);
	return ok;
}
