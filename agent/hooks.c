/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins: link_IFINDEX is a tcx link; clsact_IFINDEX a symbolic link that marks a filter, its
 * target says whether the qdisc is ours too. Those at the other end, where packets leave, are
 * link_out_IFINDEX and clsact_out_IFINDEX.
 */
#include "agent/hooks.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/error.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, younger than the headers of Debian 12 */
#define TCX_EGRESS  47
#define LINK_TCX    11 /* BPF_LINK_TYPE_TCX */
#define QDISC_OURS  "ours"
#define QDISC_THEIR "theirs"

#define QUIET_MS 1000 /* without an attach, before devices change over to tcx */

/* A device that changes over; the thread writes `link` and nothing else. */
struct change {
	struct hooks *hooks;
	GThread *thread; /* NULL: none is under way */
	uint32_t ifindex;
	int program;
	int link; /* or a negative error number */
};

struct hooks {
	char *pins;
	enum hooks_mode mode;
	/* On a filter, to be on tcx: device (as a pointer) to program. */
	GHashTable *later;
	guint timer;
	struct change change;
};

/* One of the two ends of a device. */
static const struct side {
	const char *link, *clsact;
	int tcx;
	enum bpf_tc_attach_point point;
} ingress = {"link", "clsact", TCX_INGRESS, BPF_TC_INGRESS},
  egress = {"link_out", "clsact_out", TCX_EGRESS, BPF_TC_EGRESS};

static void change_end(struct hooks *hooks);

struct hooks *hooks_new(const char *pins, enum hooks_mode mode)
{
	struct hooks *hooks = g_new0(struct hooks, 1);

	hooks->pins = g_strdup(pins);
	hooks->mode = mode;
	hooks->later = g_hash_table_new(NULL, NULL);
	hooks->change.hooks = hooks;
	return hooks;
}

void hooks_free(struct hooks *hooks)
{
	if (!hooks)
		return;
	if (hooks->timer)
		g_source_remove(hooks->timer);
	change_end(hooks);
	g_idle_remove_by_data(hooks);
	g_hash_table_unref(hooks->later);
	g_free(hooks->pins);
	g_free(hooks);
}

static char *pin_path(const struct hooks *hooks, const char *kind, uint32_t ifindex)
{
	return g_strdup_printf("%s/%s_%u", hooks->pins, kind, ifindex);
}

static bool fail(GError **error, uint32_t ifindex, const char *what)
{
	int number = errno;
	char name[IF_NAMESIZE] = "";

	if_indextoname(ifindex, name);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "device %s (%u): %s: %s", name,
		    ifindex, what, g_strerror(number));
	return false;
}

/* The link pinned for IFINDEX, or -1 (and no pin) when it is of a device that has gone. */
static int link_find(const char *pin, uint32_t ifindex)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(pin);

	if (fd < 0)
		return -1;
	/* The interface number stands first in the union, for tcx as for XDP. */
	if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == LINK_TCX &&
	    info.xdp.ifindex == ifindex)
		return fd;
	close(fd);
	unlink(pin);
	return -1;
}

static bool tcx_attach(struct hooks *hooks, const struct side *side, uint32_t ifindex,
		       int program)
{
	g_autofree char *pin = pin_path(hooks, side->link, ifindex);
	int fd = link_find(pin, ifindex);
	bool ok;

	if (fd >= 0) {
		ok = bpf_link_update(fd, program, NULL) == 0;
	} else {
		fd = bpf_link_create(program, (int)ifindex, (enum bpf_attach_type)side->tcx,
				     NULL);
		ok = fd >= 0 && bpf_obj_pin(fd, pin) == 0;
	}
	if (fd >= 0) {
		int number = errno;

		close(fd);
		errno = number;
	}
	return ok;
}

static void tcx_detach(struct hooks *hooks, const struct side *side, uint32_t ifindex)
{
	g_autofree char *pin = pin_path(hooks, side->link, ifindex);

	unlink(pin);
}

static bool clsact_attach(struct hooks *hooks, const struct side *side, uint32_t ifindex,
			  int program)
{
	g_autofree char *mark = pin_path(hooks, side->clsact, ifindex);
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
			    .attach_point = side->point);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = 1, .prog_fd = program,
			    .flags = BPF_TC_F_REPLACE);
	int status = bpf_tc_hook_create(&hook);

	if (status && status != -EEXIST) {
		errno = -status;
		return false;
	}
	(void)!symlink(status ? QDISC_THEIR : QDISC_OURS, mark);
	status = bpf_tc_attach(&hook, &filter);
	errno = -status;
	return status == 0;
}

/*
 * Removing the qdisc stops the device for a moment, and packets are lost: while the device
 * is in use, only the filter goes.
 */
static void clsact_detach(struct hooks *hooks, const struct side *side, uint32_t ifindex,
			  bool in_use)
{
	g_autofree char *mark = pin_path(hooks, side->clsact, ifindex);
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
			    .attach_point = side->point);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, filter, .handle = 1, .priority = 1);
	char whose[16] = "";

	if (readlink(mark, whose, sizeof(whose) - 1) < 0)
		return;
	bpf_tc_detach(&hook, &filter);
	if (in_use)
		return;
	if (strcmp(whose, QDISC_OURS) == 0) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	unlink(mark);
}

/* The new way is in place before the old one goes. */
static bool side_attach(struct hooks *hooks, const struct side *side, uint32_t ifindex,
			int program, GError **error)
{
	if (hooks->mode != HOOKS_CLSACT) {
		if (tcx_attach(hooks, side, ifindex, program)) {
			clsact_detach(hooks, side, ifindex, true);
			return true;
		}
		if (hooks->mode == HOOKS_TCX || errno != EINVAL)
			return fail(error, ifindex, "cannot attach by tcx");
	}
	if (!clsact_attach(hooks, side, ifindex, program))
		return fail(error, ifindex, "cannot attach by clsact");
	tcx_detach(hooks, side, ifindex);
	return true;
}

bool hooks_attach(struct hooks *hooks, uint32_t ifindex, int program, GError **error)
{
	return side_attach(hooks, &ingress, ifindex, program, error);
}

bool hooks_attach_out(struct hooks *hooks, uint32_t ifindex, int program, GError **error)
{
	return side_attach(hooks, &egress, ifindex, program, error);
}

/* -------------------------------------------------- from a filter to tcx */

static gboolean change_done(gpointer data);

static gpointer change_run(gpointer data)
{
	struct change *change = data;
	int link = bpf_link_create(change->program, (int)change->ifindex,
				   (enum bpf_attach_type)TCX_INGRESS, NULL);

	change->link = link < 0 ? -errno : link;
	g_idle_add(change_done, change->hooks);
	return NULL;
}

/*
 * The link is pinned before the filter goes. Without the pin (the device was detached
 * meanwhile) it goes when it is closed.
 */
static void change_take(struct hooks *hooks, uint32_t ifindex, int link)
{
	g_autofree char *pin = pin_path(hooks, "link", ifindex);

	if (g_hash_table_remove(hooks->later, GUINT_TO_POINTER(ifindex)) && link >= 0 &&
	    bpf_obj_pin(link, pin) == 0)
		clsact_detach(hooks, &ingress, ifindex, true);
	if (link >= 0)
		close(link);
	if (link != -EINVAL)
		return;
	/* A kernel before 6.6: filters are all there is. */
	hooks->mode = HOOKS_CLSACT;
	g_hash_table_remove_all(hooks->later);
}

static void change_start(struct hooks *hooks)
{
	struct change *change = &hooks->change;
	gpointer ifindex, program;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, hooks->later);
	if (change->thread || hooks->timer ||
	    !g_hash_table_iter_next(&iter, &ifindex, &program))
		return;
	change->ifindex = GPOINTER_TO_UINT(ifindex);
	change->program = GPOINTER_TO_INT(program);
	change->thread = g_thread_new("hooks", change_run, change);
}

static gboolean change_done(gpointer data)
{
	struct hooks *hooks = data;

	change_end(hooks);
	change_start(hooks);
	return G_SOURCE_REMOVE;
}

static void change_end(struct hooks *hooks)
{
	struct change *change = &hooks->change;

	if (!change->thread)
		return;
	g_thread_join(g_steal_pointer(&change->thread));
	change_take(hooks, change->ifindex, change->link);
}

static gboolean quiet(gpointer data)
{
	struct hooks *hooks = data;

	hooks->timer = 0;
	change_start(hooks);
	return G_SOURCE_REMOVE;
}

bool hooks_attach_soon(struct hooks *hooks, uint32_t ifindex, int program, GError **error)
{
	g_autofree char *pin = pin_path(hooks, "link", ifindex);

	if (hooks->mode != HOOKS_AUTO || access(pin, F_OK) == 0)
		return hooks_attach(hooks, ifindex, program, error);
	if (!clsact_attach(hooks, &ingress, ifindex, program))
		return fail(error, ifindex, "cannot attach by clsact");
	g_hash_table_insert(hooks->later, GUINT_TO_POINTER(ifindex), GINT_TO_POINTER(program));
	if (hooks->timer)
		g_source_remove(hooks->timer);
	hooks->timer = g_timeout_add(QUIET_MS, quiet, hooks);
	return true;
}

void hooks_detach(struct hooks *hooks, uint32_t ifindex)
{
	g_hash_table_remove(hooks->later, GUINT_TO_POINTER(ifindex));
	tcx_detach(hooks, &egress, ifindex);
	clsact_detach(hooks, &egress, ifindex, false);
	tcx_detach(hooks, &ingress, ifindex);
	clsact_detach(hooks, &ingress, ifindex, false);
}

void hooks_sweep(struct hooks *hooks, bool (*keep)(uint32_t ifindex, void *data), void *data)
{
	g_autoptr(GDir) folder = g_dir_open(hooks->pins, 0, NULL);
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		const char *number = strrchr(name, '_');
		uint32_t ifindex = number ? (uint32_t)strtoul(number + 1, NULL, 10) : 0;

		if (!g_str_has_prefix(name, "link_") && !g_str_has_prefix(name, "clsact_"))
			continue;
		if (!keep || !keep(ifindex, data))
			hooks_detach(hooks, ifindex);
	}
}
