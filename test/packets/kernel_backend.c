/* SPDX-License-Identifier: Apache-2.0 */
/* See kernel_backend.h. Linear: new, load, tables, run, compare. */
#include "kernel_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "native_backend.h"
#include "weft.skel.h"

#define SLOTS	     16
#define FIRST_DEVICE 100
#define LAST_DEVICE  120
#define VALUE_MAX    65536
#define TEST_RUN_MAX 3400 /* a page less head and tail room */

struct kernel {
	struct world_backend *twin;	     /* owned */
	struct weft_bpf *skel;		     /* owned */
	struct ring_buffer *ring;	     /* owned */
	struct generation_value *generation; /* mapped */
	struct bpf_map *maps[NATIVE_MAPS];
	int taps[LAST_DEVICE + 1]; /* by ifindex; -1: none */
	int cpus;
	GHashTable *touched; /* GBytes: map number and key of what rows have put */
	GArray *punts;	     /* of the run at hand */
	struct world_result twin_result;
};

static const gsize key_sizes[] = {
#define X(map, kind, entries, flags, key, value) [NATIVE_MAP_##map] = sizeof(key),
	DP_MAP_TABLE(X)
#undef X
};

static const enum bpf_map_type types[] = {
#define X(map, kind, entries, flags, key, value) [NATIVE_MAP_##map] = BPF_MAP_TYPE_##kind,
	DP_MAP_TABLE(X)
#undef X
};

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		g_error("%s: %s", path, g_strerror(errno));
	close(fd);
}

/* -------------------------------------------------------------- loading */

static int on_punt(void *ctx, void *data, size_t size)
{
	struct kernel *k = ctx;
	const struct punt_event *event = data;
	struct native_punt punt = {.kind = event->kind, .slot = event->slot};

	g_assert(size == sizeof(*event) && event->size <= LIM_PUNT_FRAME);
	punt.frame = g_bytes_new(event->frame, event->size);
	g_array_append_val(k->punts, punt);
	return 0;
}

static int tap_open(int ifindex)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, IFNAMSIZ, "dp%d", ifindex);
	if (fd < 0 || sock < 0 || ioctl(fd, TUNSETIFINDEX, &ifindex) ||
	    ioctl(fd, TUNSETIFF, &ifr))
		g_error("cannot make tap %d: %s", ifindex, g_strerror(errno));
	ifr.ifr_mtu = 9000;
	if (ioctl(sock, SIOCSIFMTU, &ifr))
		g_error("cannot set the MTU of tap %d: %s", ifindex, g_strerror(errno));
	ifr.ifr_flags = IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr))
		g_error("cannot raise tap %d: %s", ifindex, g_strerror(errno));
	close(sock);
	return fd;
}

static bool knows_decap_l3(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	uname(&name);
	return sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 3));
}

void kernel_backend_load(struct world_backend *backend)
{
	struct kernel *k = backend->self;
	struct dp_config *twin = &native_backend_host(k->twin)->config;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		g_error("cannot stay on one CPU: %s", g_strerror(errno));
	put_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	for (int i = FIRST_DEVICE; i <= LAST_DEVICE; i++)
		k->taps[i] = tap_open(i);
	twin->has_decap_l3 = twin->has_decap_l3 && knows_decap_l3();
#define X(type, name, value) k->skel->rodata->name = twin->name;
	DP_CONFIG_TABLE(X)
#undef X
	bpf_map__set_max_entries(k->skel->maps.flow, NATIVE_BACKEND_SETS * (__u32)k->cpus);
	if (weft_bpf__load(k->skel))
		g_error("the kernel refuses the programs");
#define X(map, kind, entries, flags, key, value) k->maps[NATIVE_MAP_##map] = k->skel->maps.map;
	DP_MAP_TABLE(X)
#undef X
	k->ring = ring_buffer__new(bpf_map__fd(k->skel->maps.punt), on_punt, k, NULL);
	k->generation = mmap(NULL, sizeof(*k->generation), PROT_READ | PROT_WRITE, MAP_SHARED,
			     bpf_map__fd(k->skel->maps.generation), 0);
	if (!k->ring || k->generation == MAP_FAILED)
		g_error("cannot map the ring or the generations");
}

/* --------------------------------------------------------------- tables */

static int fd_of(struct kernel *k, enum native_map map)
{
	return bpf_map__fd(k->maps[map]);
}

static bool is_percpu(enum native_map map)
{
	return types[map] == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static bool is_array(enum native_map map)
{
	return types[map] == BPF_MAP_TYPE_ARRAY || is_percpu(map);
}

static bool kernel_put(void *self, enum native_map map, const void *key, const void *value)
{
	struct kernel *k = self;
	GByteArray *touched = g_byte_array_new();
	guint8 number = map;

	g_byte_array_append(touched, &number, 1);
	g_byte_array_append(touched, key, key_sizes[map]);
	g_hash_table_add(k->touched, g_byte_array_free_to_bytes(touched));
	return k->twin->put(k->twin->self, map, key, value) &&
	       !bpf_map_update_elem(fd_of(k, map), key, value, BPF_ANY);
}

static void wipe(struct kernel *k, enum native_map map, const void *key)
{
	static const guint8 zeros[VALUE_MAX];

	if (is_array(map))
		bpf_map_update_elem(fd_of(k, map), key, zeros, BPF_ANY);
	else
		bpf_map_delete_elem(fd_of(k, map), key);
}

static void kernel_del(void *self, enum native_map map, const void *key)
{
	struct kernel *k = self;

	k->twin->del(k->twin->self, map, key);
	wipe(k, map, key);
}

static bool kernel_read(void *self, enum native_map map, const void *key, void *value)
{
	struct kernel *k = self;
	gsize size = native_backend_value_size(map);
	g_autofree guint8 *all = NULL;

	if (!is_percpu(map))
		return !bpf_map_lookup_elem(fd_of(k, map), key, value);
	all = g_malloc0_n(k->cpus, (size + 7) & ~7ul);
	if (bpf_map_lookup_elem(fd_of(k, map), key, all))
		return false;
	memcpy(value, all, size); /* rows run on CPU 0 */
	return true;
}

static void kernel_bump(void *self, __u16 cell)
{
	struct kernel *k = self;

	k->twin->bump(k->twin->self, cell);
	__atomic_fetch_add(&k->generation->cell[cell], 1, __ATOMIC_RELEASE);
}

static void kernel_config(void *self, const char *name, __u64 value)
{
	struct kernel *k = self;

	k->twin->config(k->twin->self, name, value);
}

static void wipe_range(struct kernel *k, enum native_map map, __u32 count)
{
	for (__u32 i = 0; i < count; i++)
		wipe(k, map, &i);
}

/* What the programs have put there themselves. */
static void wipe_hash(struct kernel *k, enum native_map map)
{
	guint8 key[64];

	while (!bpf_map_get_next_key(fd_of(k, map), NULL, key))
		bpf_map_delete_elem(fd_of(k, map), key);
}

static void kernel_clear(void *self)
{
	struct kernel *k = self;
	GHashTableIter iter;
	gpointer entry;

	k->twin->clear(k->twin->self);
	g_hash_table_iter_init(&iter, k->touched);
	while (g_hash_table_iter_next(&iter, &entry, NULL)) {
		const guint8 *bytes = g_bytes_get_data(entry, NULL);
		guint8 key[64];

		memcpy(key, bytes + 1, key_sizes[bytes[0]]);
		wipe(k, bytes[0], key);
		g_hash_table_iter_remove(&iter);
	}
	wipe_hash(k, NATIVE_MAP_conn);
	wipe_hash(k, NATIVE_MAP_nat);
	wipe_hash(k, NATIVE_MAP_fragment);
	wipe_range(k, NATIVE_MAP_flow, NATIVE_BACKEND_SETS);
	wipe_range(k, NATIVE_MAP_drops, SLOTS * DP_DROP_COUNT);
	wipe_range(k, NATIVE_MAP_port_stats, SLOTS);
	wipe_range(k, NATIVE_MAP_budget, SLOTS);
	wipe_range(k, NATIVE_MAP_sampled, SLOTS);
	wipe_range(k, NATIVE_MAP_host_stats, 1);
}

static const char *kernel_pass_time(void *self, __u64 jiffies)
{
	return "the kernel's clock is not ours to turn";
}

static const char *kernel_fill(void *self, enum native_map map)
{
	return "the kernel's tables are as large as they were made";
}

/* -------------------------------------------------------------- running */

static void output_clear(gpointer p)
{
	g_clear_pointer(&((struct native_output *)p)->frame, g_bytes_unref);
}

static void punt_clear(gpointer p)
{
	g_clear_pointer(&((struct native_punt *)p)->frame, g_bytes_unref);
}

static void read_taps(struct kernel *k, GArray *outputs)
{
	guint8 frame[16384];

	for (int i = FIRST_DEVICE; i <= LAST_DEVICE; i++) {
		ssize_t size;

		while ((size = read(k->taps[i], frame, sizeof(frame))) > 0) {
			struct native_output out = {.way = NATIVE_CLONE, .ifindex = i};

			out.frame = g_bytes_new(frame, size);
			g_array_append_val(outputs, out);
		}
	}
}

/* What TEST_RUN cannot say or do. */
static const char *impossible(const guint8 *data, gsize size, const struct native_meta *meta)
{
	if (size < 34 || (size < 54 && data[12] == 0x86 && data[13] == 0xdd))
		return "BPF_PROG_TEST_RUN refuses frames shorter than Ethernet and IP headers";
	if (size > TEST_RUN_MAX)
		return "BPF_PROG_TEST_RUN takes frames of one page";
	if (meta->vlan_present || meta->encapsulation)
		return "BPF_PROG_TEST_RUN cannot set vlan_present or encapsulation";
	if (meta->csum_partial)
		return "BPF_PROG_TEST_RUN cannot leave a checksum to be completed";
	return NULL;
}

/* What of a physical device is the host's own must be left to the device's other programs: a mere OK, by
 * which they would see nothing, is nothing that a row expects. */
static int verdict_of(enum world_program program, int verdict)
{
	if (program != WORLD_OUTSIDE && program != WORLD_ASKS)
		return verdict;
	if (verdict == TC_ACT_OK)
		return TC_ACT_UNSPEC;
	return verdict == TC_ACT_UNSPEC ? TC_ACT_OK : verdict;
}

static const char *kernel_run(void *self, enum world_program program, GBytes *frame,
			      const struct native_meta *meta, struct world_result *result)
{
	struct kernel *k = self;
	struct bpf_program *const programs[] = {
		[WORLD_PORT] = k->skel->progs.weft_port,
		[WORLD_UPLINK] = k->skel->progs.weft_uplink,
		[WORLD_OUTSIDE] = k->skel->progs.weft_outside,
		[WORLD_ASKS] = k->skel->progs.weft_asks,
	};
	struct __sk_buff ctx = {.ifindex = meta->ifindex,
				.gso_size = meta->gso_size,
				.gso_segs = meta->gso_segs,
				.mark = meta->mark};
	g_autofree guint8 *left = g_malloc(70000);
	gsize size;
	const void *data = g_bytes_get_data(frame, &size);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = size,
		    .data_out = left, .data_size_out = 70000, .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .repeat = 1);
	const char *skip = impossible(data, size, meta);

	if (skip)
		return skip;
	world_result_clear(&k->twin_result);
	k->twin->run(k->twin->self, program, frame, meta, &k->twin_result);
	result->outputs = g_array_new(FALSE, FALSE, sizeof(struct native_output));
	g_array_set_clear_func(result->outputs, output_clear);
	k->punts = g_array_new(FALSE, FALSE, sizeof(struct native_punt));
	g_array_set_clear_func(k->punts, punt_clear);
	if (bpf_prog_test_run_opts(bpf_program__fd(programs[program]), &opts))
		g_error("BPF_PROG_TEST_RUN: %s", g_strerror(errno));
	ring_buffer__consume(k->ring);
	result->punts = g_steal_pointer(&k->punts);
	result->verdict = verdict_of(program, (int)opts.retval);
	result->left = g_bytes_new(left, opts.data_size_out);
	read_taps(k, result->outputs);
	if (result->verdict == TC_ACT_REDIRECT) {
		struct native_output out = {.way = NATIVE_REDIRECT, .ifindex = 0};

		out.frame = g_bytes_ref(result->left);
		g_array_append_val(result->outputs, out);
	}
	return NULL;
}

/* ------------------------------------------------------------ comparing */

struct difference {
	struct kernel *k;
	char *text; /* owned; NULL: none */
};

static void differ(struct difference *d, enum native_map map, __u32 index)
{
	static const char *const names[] = {
#define X(map, kind, entries, flags, key, value) #map,
		DP_MAP_TABLE(X)
#undef X
	};

	if (!d->text)
		d->text = g_strdup_printf("kernel and native twin differ in %s, entry %u",
					  names[map], index);
}

static void compare_range(struct difference *d, enum native_map map, __u32 count)
{
	gsize size = native_backend_value_size(map);
	g_autofree guint8 *a = g_malloc0(size), *b = g_malloc0(size);

	for (__u32 i = 0; i < count; i++) {
		kernel_read(d->k, map, &i, a);
		d->k->twin->read(d->k->twin->self, map, &i, b);
		if (map == NATIVE_MAP_flow)
			for (int way = 0; way < FLOW_WAYS; way++) {
				((struct flow_set *)a)->way[way].seen = 0;
				((struct flow_set *)b)->way[way].seen = 0;
			}
		if (memcmp(a, b, size))
			differ(d, map, i);
	}
}

static void compare_conn(const void *key, void *value, void *arg)
{
	struct difference *d = arg;
	struct conn_value twin = *(struct conn_value *)value, kernel;

	if (!kernel_read(d->k, NATIVE_MAP_conn, key, &kernel)) {
		differ(d, NATIVE_MAP_conn, ((const struct conn_key *)key)->slot);
		return;
	}
	kernel.seen = kernel.created = twin.seen = twin.created = 0;
	if (memcmp(&kernel, &twin, sizeof(twin)))
		differ(d, NATIVE_MAP_conn, ((const struct conn_key *)key)->slot);
}

/* Ports are the first ones that are free, so they are the same in both. */
static void compare_nat(const void *key, void *value, void *arg)
{
	struct difference *d = arg;
	struct nat_value kernel;

	if (!kernel_read(d->k, NATIVE_MAP_nat, key, &kernel) ||
	    memcmp(&kernel, value, sizeof(kernel)) != 0)
		differ(d, NATIVE_MAP_nat, ((const struct nat_key *)key)->slot);
}

static void count_entry(const void *key, void *value, void *arg)
{
	++*(guint *)arg;
}

static void compare_count(struct difference *d, enum native_map map)
{
	guint8 key[64], *previous = NULL;
	guint twins = 0, count = 0;

	native_for_each(native_backend_host(d->k->twin), map, count_entry, &twins);
	while (!bpf_map_get_next_key(fd_of(d->k, map), previous, key)) {
		previous = key;
		count++;
	}
	if (count != twins)
		differ(d, map, count);
}

char *kernel_backend_compare(void *self)
{
	struct kernel *k = self;
	struct difference d = {.k = k};
	struct native_host *host = native_backend_host(k->twin);

	compare_range(&d, NATIVE_MAP_port_stats, SLOTS);
	compare_range(&d, NATIVE_MAP_drops, SLOTS * DP_DROP_COUNT);
	compare_range(&d, NATIVE_MAP_host_stats, 1);
	compare_range(&d, NATIVE_MAP_flow, NATIVE_BACKEND_SETS);
	native_for_each(host, NATIVE_MAP_conn, compare_conn, &d);
	native_for_each(host, NATIVE_MAP_nat, compare_nat, &d);
	compare_count(&d, NATIVE_MAP_conn);
	compare_count(&d, NATIVE_MAP_nat);
	return d.text;
}

/* ------------------------------------------------------- birth and death */

struct world_backend *kernel_backend_new(const char **skip)
{
	struct world_backend *backend;
	struct kernel *k;

	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (geteuid() || unshare(CLONE_NEWNET)) {
		*skip = "needs root";
		return NULL;
	}
	if (access("/dev/net/tun", R_OK | W_OK) || access("/sys/kernel/btf/vmlinux", R_OK)) {
		*skip = "needs /dev/net/tun and a kernel with BTF";
		return NULL;
	}
	k = g_new0(struct kernel, 1);
	k->twin = native_backend_new();
	k->skel = weft_bpf__open();
	if (!k->skel)
		g_error("the skeleton does not open");
	k->cpus = libbpf_num_possible_cpus();
	k->touched = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
					   (GDestroyNotify)g_bytes_unref, NULL);
	for (int i = 0; i <= LAST_DEVICE; i++)
		k->taps[i] = -1;
	backend = g_new0(struct world_backend, 1);
	*backend = (struct world_backend){.self = k,
					  .put = kernel_put,
					  .del = kernel_del,
					  .read = kernel_read,
					  .bump = kernel_bump,
					  .config = kernel_config,
					  .clear = kernel_clear,
					  .pass_time = kernel_pass_time,
					  .run = kernel_run,
					  .fill = kernel_fill};
	return backend;
}

void kernel_backend_free(struct world_backend *backend)
{
	struct kernel *k = backend->self;

	ring_buffer__free(k->ring);
	munmap(k->generation, sizeof(*k->generation));
	weft_bpf__destroy(k->skel);
	native_backend_free(k->twin);
	world_result_clear(&k->twin_result);
	g_hash_table_unref(k->touched);
	for (int i = FIRST_DEVICE; i <= LAST_DEVICE; i++)
		close(k->taps[i]);
	g_free(k);
	g_free(backend);
}
