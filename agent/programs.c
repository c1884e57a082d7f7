/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load, reuse, pin. A pinned map of another shape is left to the programs that still run on
 * it; the new one starts empty (connections are carried over) and takes its name.
 */
#include "agent/programs.h"

#include <errno.h>
#include <stdio.h>
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
#include "agent/maps.h"
#include "lib/error.h"
#include "lib/privilege.h"
#include "weft.skel.h"

#define ABI_MARK "abi" /* symbolic link in the folder of pins; its target is the version */

struct programs {
	struct weft_bpf *skeleton;
	char *pins;
	int old_conn; /* of another size, to be carried over; -1: none */
	bool warm;
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

/* Pins of another version of abi/map.h mean other things. */
static void pins_check_version(const char *path)
{
	g_autofree char *mark = g_build_filename(path, ABI_MARK, NULL);
	g_autofree char *now = g_strdup_printf("%d", ABI_VERSION);
	char found[16] = "";

	if (readlink(mark, found, sizeof(found) - 1) >= 0 && strcmp(found, now) == 0)
		return;
	pins_remove(path);
	(void)!symlink(now, mark);
}

static bool map_fits(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) &&
	       info->max_entries == bpf_map__max_entries(map) &&
	       info->map_flags == bpf_map__map_flags(map);
}

/* Sizes apart: what is in it can be copied. */
static bool map_is_resized(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map);
}

/* Of no use to the next agent: room for one packet, and data of this load. */
static bool map_is_private(const struct bpf_map *map)
{
	return bpf_map__is_internal(map) || strcmp(bpf_map__name(map), "scratch") == 0;
}

static void map_reuse(struct programs *programs, struct bpf_map *map)
{
	g_autofree char *pin = g_build_filename(programs->pins, bpf_map__name(map), NULL);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(pin);

	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && map_fits(map, &info) &&
	    bpf_map__reuse_fd(map, fd) == 0) {
		close(fd);
		return;
	}
	programs->warm = false;
	if (fd < 0)
		return;
	if (strcmp(bpf_map__name(map), "conn") == 0 && map_is_resized(map, &info))
		programs->old_conn = fd;
	else
		close(fd);
	unlink(pin);
}

static bool conn_copy(const void *key, const void *value, void *data)
{
	/* A smaller table may be full; the rest starts anew. */
	return bpf_map_update_elem(*(int *)data, key, value, BPF_NOEXIST) == 0;
}

static bool maps_pin(struct programs *programs, GError **error)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, programs->skeleton->obj)
	{
		g_autofree char *pin =
			g_build_filename(programs->pins, bpf_map__name(map), NULL);
		int fd = bpf_map__fd(map);

		if (map_is_private(map) || access(pin, F_OK) == 0)
			continue;
		if (strcmp(bpf_map__name(map), "conn") == 0 && programs->old_conn >= 0)
			maps_foreach(programs->old_conn, sizeof(struct conn_key),
				     sizeof(struct conn_value), conn_copy, &fd);
		if (bpf_obj_pin(fd, pin))
			return fail(error, "pin", pin);
	}
	return true;
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
	if (ip_is_v4(config->local)) {
		memcpy(&v4, config->local.b + 12, sizeof(v4));
		rodata->local_v4 = v4;
	} else {
		memcpy((void *)&rodata->local_v6_high, config->local.b, 8);
		memcpy((void *)&rodata->local_v6_low, config->local.b + 8, 8);
	}
}

static void sizes_write(struct weft_bpf *skeleton, const struct programs_config *config)
{
	bpf_map__set_max_entries(skeleton->maps.mac, config->locations);
	bpf_map__set_max_entries(skeleton->maps.location, config->locations);
	bpf_map__set_max_entries(skeleton->maps.flow,
				 config->flow_sets * (uint32_t)libbpf_num_possible_cpus());
	bpf_map__set_max_entries(skeleton->maps.conn, config->connections);
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
	struct bpf_map *map;

	libbpf_set_print(loader_says);
	programs->pins = g_strdup(config->pins);
	programs->old_conn = -1;
	programs->warm = true;
	programs->skeleton = weft_bpf__open();
	if (!programs->skeleton) {
		fail(error, "BPF object", "weft");
		goto failed;
	}
	pins_check_version(config->pins);
	settings_write(programs->skeleton, config);
	sizes_write(programs->skeleton, config);
	bpf_object__for_each_map(map, programs->skeleton->obj) if (!map_is_private(map))
		map_reuse(programs, map);
	if (weft_bpf__load(programs->skeleton)) {
		fail(error, "BPF object", "weft");
		goto failed;
	}
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
	if (programs->skeleton)
		weft_bpf__destroy(programs->skeleton);
	if (programs->old_conn >= 0)
		close(programs->old_conn);
	g_free(programs->pins);
	g_free(programs);
}

bool programs_is_warm(const struct programs *programs)
{
	return programs->warm;
}

int programs_find_map(const struct programs *programs, const char *name)
{
	return bpf_object__find_map_fd_by_name(programs->skeleton->obj, name);
}

int programs_get_fd(const struct programs *programs, enum program program)
{
	const struct bpf_program *const list[] = {
		[PROGRAM_PORT] = programs->skeleton->progs.weft_port,
		[PROGRAM_UPLINK] = programs->skeleton->progs.weft_uplink,
		[PROGRAM_IDLE] = programs->skeleton->progs.weft_idle,
	};

	return bpf_program__fd(list[program]);
}
