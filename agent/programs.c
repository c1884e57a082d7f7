/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load, reuse, pin. A pinned map that our programs would read wrongly is left to those that
 * still run on it; what is in it is carried over (old_map.c) into the one that takes its name.
 * Its programs go on writing to `conn` until ours take their place: that one stays pinned
 * beside the new one, and is read once more then.
 */
#include "agent/programs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "abi/map.h"
#include "agent/jiffies.h"
#include "agent/old_map.h"
#include "lib/error.h"
#include "lib/privilege.h"
#include "weft.skel.h"

#define ABI_MARK "abi" /* symbolic link in the folder of pins; its target is the version */
#define CONN	 "conn"
#define CONN_OLD "conn_old"

struct programs {
	struct weft_bpf *skeleton;
	struct weft_bpf *capture; /* stands in for it while somebody captures; NULL: nobody */
	struct programs_config config;
	char *pins;
	GPtrArray *olds;	  /* struct old_map: pinned, and not as ours want them */
	struct old_map *old_conn; /* what may still be written to; NULL: none */
	bool other_version;	  /* the pins are of an older one */
	bool warm;
	guint lost; /* connections for which there was no room */
};

static bool fail(GError **error, const char *what, const char *subject)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "%s %s: %s", what, subject,
		    g_strerror(errno));
	return false;
}

bool programs_mount(const char *path, GError **error)
{
	struct statfs fs;
	bool ok;

	if (g_mkdir_with_parents(path, 0700) || statfs(path, &fs))
		return fail(error, "folder", path);
	if (fs.f_type == BPF_FS_MAGIC)
		return true;
	privilege_raise(CAP_SYS_ADMIN);
	ok = mount("bpf", path, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0 ||
	     fail(error, "mount of a bpffs at", path);
	privilege_lower(CAP_SYS_ADMIN);
	return ok;
}

/* Pinned by us? Names in the folder that are not maps are links and marks (hooks.c). */
static void pins_remove(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		g_autofree char *pin = g_build_filename(path, name, NULL);

		if (!g_str_has_prefix(name, "link_") && !g_str_has_prefix(name, "clsact_"))
			unlink(pin);
	}
}

void programs_unpin(const char *path)
{
	struct statfs fs;

	pins_remove(path);
	/* Only a mount of our own is in the way; a folder within another bpffs is removed. */
	if (statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC)
		umount2(path, MNT_DETACH);
	rmdir(path);
}

/* What an older program means is told by its types; what a newer one means nobody here knows. */
static bool version_check(struct programs *programs, GError **error)
{
	g_autofree char *mark = g_build_filename(programs->pins, ABI_MARK, NULL);
	char found[16] = "";
	unsigned long version;

	if (readlink(mark, found, sizeof(found) - 1) < 0)
		return true;
	version = strtoul(found, NULL, 10);
	programs->other_version = version != ABI_VERSION;
	if (version <= ABI_VERSION)
		return true;
	g_set_error(
		error, WEFT_ERROR, WEFT_ERROR_CONFLICT,
		"%s: its maps are of version %lu, this program knows %d: traffic goes on with "
		"the programs of a newer weft-agent; start that one, or end them with "
		"--cleanup of it",
		programs->pins, version, ABI_VERSION);
	return false;
}

static bool version_mark(const struct programs *programs, GError **error)
{
	g_autofree char *mark = g_build_filename(programs->pins, ABI_MARK, NULL);
	g_autofree char *next = g_strconcat(mark, "_new", NULL);
	g_autofree char *version = g_strdup_printf("%d", ABI_VERSION);

	unlink(next);
	if (symlink(version, next) || rename(next, mark))
		return fail(error, "mark", mark);
	return true;
}

/* Of no use to the next agent: room for one packet, who looks on, and data of this load. */
static bool map_is_private(const struct bpf_map *map)
{
	static const char *const names[] = {"scratch", "sample", "sampling", "sampled"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(bpf_map__name(map), names[i]) == 0)
			return true;
	return bpf_map__is_internal(map);
}

static char *pin_path(const struct programs *programs, const char *name)
{
	return g_build_filename(programs->pins, name, NULL);
}

/* A record of the cache is true of the maps it was made from. */
static bool map_is_cache(const struct bpf_map *map)
{
	return strcmp(bpf_map__name(map), "flow") == 0;
}

static void map_reuse(struct programs *programs, struct bpf_map *map, bool may)
{
	g_autofree char *pin = pin_path(programs, bpf_map__name(map));
	struct old_map *old = old_map_open(pin);

	if (!old) {
		programs->warm = false;
		return;
	}
	if (may && old_map_fits(old, map, bpf_object__btf(programs->skeleton->obj)) &&
	    bpf_map__reuse_fd(map, old_map_fd(old)) == 0)
		old_map_free(old);
	else
		g_ptr_array_add(programs->olds, old);
}

static void maps_reuse(struct programs *programs)
{
	g_autofree char *pin = pin_path(programs, CONN_OLD);
	struct bpf_map *map;

	bpf_object__for_each_map(map, programs->skeleton->obj)
	{
		if (!map_is_private(map) && !map_is_cache(map))
			map_reuse(programs, map, true);
	}
	map_reuse(programs, programs->skeleton->maps.flow,
		  programs->olds->len == 0 && !programs->other_version);
	/* Left by one that ended before its programs had taken over. */
	programs->old_conn = old_map_open(pin);
}

/* No row tells of connections. */
static bool map_is_of_connections(const struct bpf_map *map)
{
	return strcmp(bpf_map__name(map), CONN) == 0 || strcmp(bpf_map__name(map), "nat") == 0;
}

/*
 * A map that does not take all is as good as empty: half of the truth would be taken for it, and what is
 * in the way of rows would keep them out. Rows fill it before our programs run. But of connections
 * those that there is room for stay.
 */
static void map_carry(struct programs *programs, const struct old_map *old,
		      const struct bpf_map *map)
{
	const struct btf *btf = bpf_object__btf(programs->skeleton->obj);
	guint lost = 0;

	if (!old_map_copy(old, map, btf, &lost)) {
		programs->warm = false;
	} else if (lost && map_is_of_connections(map)) {
		programs->lost = MAX(programs->lost, lost);
	} else if (lost) {
		programs->warm = false;
		old_map_clear(map);
	}
}

static void maps_carry(struct programs *programs)
{
	const struct bpf_object *object = programs->skeleton->obj;

	for (guint i = 0; i < programs->olds->len; i++) {
		struct old_map *old = programs->olds->pdata[i];
		struct bpf_map *map = bpf_object__find_map_by_name(object, old_map_name(old));

		if (!map_is_cache(map))
			map_carry(programs, old, map);
	}
	programs_settle(programs, false);
}

static bool map_was_pinned(const struct programs *programs, const char *name)
{
	g_autofree char *pin = pin_path(programs, name);

	for (guint i = 0; i < programs->olds->len; i++)
		if (strcmp(old_map_name(programs->olds->pdata[i]), name) == 0)
			return false;
	return access(pin, F_OK) == 0;
}

static bool map_pin(struct programs *programs, const struct bpf_map *map, GError **error)
{
	const char *name = bpf_map__name(map);
	g_autofree char *pin = pin_path(programs, name);
	g_autofree char *next = g_strconcat(pin, "_new", NULL);
	g_autofree char *old = pin_path(programs, CONN_OLD);

	unlink(next);
	if (strcmp(name, CONN) == 0 && rename(pin, old) == 0) {
		old_map_free(programs->old_conn);
		programs->old_conn = old_map_open(old);
	}
	if (bpf_obj_pin(bpf_map__fd(map), next) || rename(next, pin))
		return fail(error, "pin", pin);
	return true;
}

static bool maps_pin(struct programs *programs, GError **error)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, programs->skeleton->obj)
	{
		if (!map_is_private(map) && !map_was_pinned(programs, bpf_map__name(map)) &&
		    !map_pin(programs, map, error))
			return false;
	}
	return version_mark(programs, error);
}

void programs_settle(struct programs *programs, bool taken_over)
{
	g_autofree char *pin = pin_path(programs, CONN_OLD);

	if (!programs->old_conn)
		return;
	old_map_copy_conns(programs->old_conn, programs->skeleton->maps.conn,
			   bpf_object__btf(programs->skeleton->obj));
	if (!taken_over)
		return;
	unlink(pin);
	g_clear_pointer(&programs->old_conn, old_map_free);
}

/* BPF_F_ADJ_ROOM_DECAP_L3_* are checked when a packet comes, so loading cannot tell. */
static bool kernel_has_decap_l3(void)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 3);
}

static void settings_write(struct weft_bpf *skeleton, const struct programs_config *config)
{
	struct weft_bpf__rodata *rodata = skeleton->rodata;
	uint32_t v4;

	rodata->flow_mask = config->flow_sets - 1;
	rodata->vxlan_ifindex = config->vxlan_ifindex;
	rodata->uplink_ifindex = config->uplink_ifindex;
	rodata->has_decap_l3 = kernel_has_decap_l3();
	rodata->hz = jiffies_hz();
	rodata->conn_share = config->share;
	rodata->told_mark = g_random_int() | 1;
	if (ip_is_v4(config->local)) {
		memcpy(&v4, config->local.b + 12, sizeof(v4));
		rodata->local_v4 = v4;
	} else {
		memcpy((void *)&rodata->local_v6_high, config->local.b, 8);
		memcpy((void *)&rodata->local_v6_low, config->local.b + 8, 8);
	}
}

/* Room for many, asked for, is made at once: entries are written in half the time then, and a full
 * map is smaller. The usual room costs an idle host nothing. */
static void locations_write(struct bpf_map *map, const struct programs_config *config)
{
	bpf_map__set_max_entries(map, config->locations);
	if (config->locations > DEF_LOCATIONS)
		bpf_map__set_map_flags(map,
				       bpf_map__map_flags(map) & ~(__u32)BPF_F_NO_PREALLOC);
}

static void sizes_write(struct weft_bpf *skeleton, const struct programs_config *config)
{
	locations_write(skeleton->maps.mac, config);
	locations_write(skeleton->maps.location, config);
	bpf_map__set_max_entries(skeleton->maps.cell, config->policy_entries);
	bpf_map__set_max_entries(skeleton->maps.peer_identity, config->policy_entries);
	bpf_map__set_max_entries(skeleton->maps.flow,
				 config->flow_sets * (uint32_t)libbpf_num_possible_cpus());
	bpf_map__set_max_entries(skeleton->maps.conn, config->connections);
	/* Two for each connection; where none can be, its buckets need no memory. */
	bpf_map__set_max_entries(skeleton->maps.nat,
				 config->gateways ? 2 * config->connections : 1);
}

/* What the verifier or the loader has to say; its other news are told by our errors. */
static int loader_says(enum libbpf_print_level level, const char *format, va_list arguments)
	G_GNUC_PRINTF(2, 0);

static int loader_says(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, arguments) : 0;
}

struct programs *programs_load(const struct programs_config *config, GError **error)
{
	struct programs *programs = g_new0(struct programs, 1);

	libbpf_set_print(loader_says);
	programs->pins = g_strdup(config->pins);
	programs->olds = g_ptr_array_new_with_free_func((GDestroyNotify)old_map_free);
	programs->config = *config;
	programs->config.pins = programs->pins;
	programs->warm = true;
	programs->skeleton = weft_bpf__open();
	if (!programs->skeleton) {
		fail(error, "BPF object", "weft");
		goto failed;
	}
	if (!version_check(programs, error))
		goto failed;
	settings_write(programs->skeleton, config);
	sizes_write(programs->skeleton, config);
	maps_reuse(programs);
	if (weft_bpf__load(programs->skeleton)) {
		fail(error, "BPF object", "weft");
		goto failed;
	}
	maps_carry(programs);
	if (!maps_pin(programs, error))
		goto failed;
	libbpf_set_print(NULL);
	return programs;
failed:
	libbpf_set_print(NULL);
	programs_free(programs);
	return NULL;
}

void programs_free(struct programs *programs)
{
	if (!programs)
		return;
	weft_bpf__destroy(programs->capture);
	weft_bpf__destroy(programs->skeleton);
	old_map_free(programs->old_conn);
	g_ptr_array_unref(programs->olds);
	g_free(programs->pins);
	g_free(programs);
}

bool programs_is_warm(const struct programs *programs)
{
	return programs->warm;
}

guint programs_count_carried(const struct programs *programs)
{
	return programs->olds->len;
}

guint programs_count_lost(const struct programs *programs)
{
	return programs->lost;
}

void programs_foreach_map(const struct programs *programs, programs_visit visit, void *data)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, programs->skeleton->obj)
		visit(bpf_map__name(map), bpf_map__fd(map), data);
}

int programs_find_map(const struct programs *programs, const char *name)
{
	return bpf_object__find_map_fd_by_name(programs->skeleton->obj, name);
}

/* Everything but its own settings is shared with the usual programs. */
static bool capture_load(struct programs *programs, struct weft_bpf *capture, GError **error)
{
	struct bpf_map *map;

	settings_write(capture, &programs->config);
	sizes_write(capture, &programs->config);
	capture->rodata->capture = 1;
	bpf_object__for_each_map(map, capture->obj)
	{
		int fd = programs_find_map(programs, bpf_map__name(map));

		if (!bpf_map__is_internal(map) && bpf_map__reuse_fd(map, fd))
			return fail(error, "map", bpf_map__name(map));
	}
	return weft_bpf__load(capture) == 0 || fail(error, "BPF object", "weft, capturing");
}

bool programs_capture(struct programs *programs, bool on, GError **error)
{
	struct weft_bpf *capture;
	bool ok;

	if (!on) {
		weft_bpf__destroy(programs->capture);
		programs->capture = NULL;
		return true;
	}
	capture = weft_bpf__open();
	if (!capture)
		return fail(error, "BPF object", "weft");
	libbpf_set_print(loader_says);
	ok = capture_load(programs, capture, error);
	libbpf_set_print(NULL);
	if (ok)
		programs->capture = capture;
	else
		weft_bpf__destroy(capture);
	return ok;
}

bool programs_is_capturing(const struct programs *programs)
{
	return programs->capture != NULL;
}

int programs_get_fd(const struct programs *programs, enum program program)
{
	const struct weft_bpf *skeleton =
		programs->capture ? programs->capture : programs->skeleton;
	const struct bpf_program *const list[] = {
		[PROGRAM_PORT] = skeleton->progs.weft_port,
		[PROGRAM_UPLINK] = skeleton->progs.weft_uplink,
		[PROGRAM_OUTSIDE] = skeleton->progs.weft_outside,
		[PROGRAM_ASKS] = skeleton->progs.weft_asks,
		[PROGRAM_IDLE] = skeleton->progs.weft_idle,
	};

	return bpf_program__fd(list[program]);
}
