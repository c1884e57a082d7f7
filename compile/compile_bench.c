/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast ports pass through cloud_apply and compile_flush, one flush each, into a network
 * that grows: compile_bench [PORTS [HOSTS]]. Prints one line per decile, so that a cost
 * which grows with the network shows.
 */
#include "compile/compile.h"

#include <stdlib.h>

#include "compile/world_fixture.h"

static void count(const char *host, enum compile_table table, const char *key,
		  GRefString *value, uint64_t revision, void *data)
{
	++*(uint64_t *)data;
}

int main(int argc, char **argv)
{
	uint32_t ports = argc > 1 ? (uint32_t)atoi(argv[1]) : 10000;
	uint32_t hosts = argc > 2 ? (uint32_t)atoi(argv[2]) : 3;
	uint32_t step = MAX(ports / 10, 1);
	uint64_t emits = 0;
	struct world world;
	struct network *network;
	struct subnet *subnet;
	struct uuid network_id, subnet_id;
	struct compile *compile;
	int64_t start, mark;

	world_init(&world);
	network = world_network(&world, 1);
	network_id = network->object.id;
	world_apply(&world, KIND_NETWORK, network);
	subnet = world_subnet(&world, network_id, "10.0.0.0/8", "10.0.0.1");
	subnet_id = subnet->object.id;
	world_apply(&world, KIND_SUBNET, subnet);
	compile = compile_new(world.cloud, count, &emits);
	start = mark = g_get_monotonic_time();
	for (uint32_t n = 1; n <= ports; n++) {
		g_autofree char *host = g_strdup_printf("h%u", n % MAX(hosts, 1));
		struct port *port = world_port(&world, network_id, world_mac_n(n), host);

		world_add_ip(port, subnet_id, ip_add(world_ip("10.0.0.10"), n));
		world_apply(&world, KIND_PORT, port);
		compile_flush(compile, n);
		if (n % step == 0) {
			int64_t now = g_get_monotonic_time();

			g_print("%u ports: %.0f ports/s\n", n, step * 1e6 / (now - mark));
			mark = now;
		}
	}
	g_print("all: %.0f ports/s, %" G_GUINT64_FORMAT " emits\n",
		ports * 1e6 / (g_get_monotonic_time() - start), emits);
	compile_free(compile);
	world_done(&world);
	return 0;
}
