/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of a binding.
 */
#include "model/binding.h"

#include <string.h>

#include "model/cloud.h"

const char *const vnic_types[] = {"normal",
				  "direct",
				  "macvtap",
				  "baremetal",
				  "direct-physical",
				  "virtio-forwarder",
				  "smart-nic",
				  "vdpa",
				  "accelerator-direct",
				  "accelerator-direct-physical",
				  "remote-managed",
				  NULL};

const char *const binding_states[] = {"bound", "absent", "refused", NULL};

const char *binding_get_vif_type(const char *host, uint32_t state, const struct cloud *cloud)
{
	if (!host || !*host)
		return "unbound";
	if (state == BINDING_REFUSED || !cloud || !cloud_find_host(cloud, host) ||
	    (state == BINDING_ABSENT && !cloud_is_host_alive(cloud, host)))
		return "binding_failed";
	return "tap";
}

/* Nova makes the tap and leaves the rest to the agent: no filters of its own, no bridge. */
json_t *binding_print_vif_details(const char *vif_type)
{
	if (strcmp(vif_type, "tap") != 0)
		return json_object();
	return json_pack("{s:s, s:b, s:b}", "connectivity", "l2", "port_filter", 1,
			 "ovs_hybrid_plug", 0);
}

static const char *binding_vif_type(const void *object, const void *world)
{
	const struct binding *binding = object;

	return binding_get_vif_type(binding->host, binding->state, world);
}

static json_t *print_vif_type(const void *object, const void *world)
{
	return json_string(binding_vif_type(object, world));
}

static json_t *print_vif_details(const void *object, const void *world)
{
	return binding_print_vif_details(binding_vif_type(object, world));
}

static json_t *print_status(const void *object, const void *world)
{
	const struct binding *binding = object;

	return json_string(binding->active ? "ACTIVE" : "INACTIVE");
}

#define BINDING_HOST                                                                           \
	{                                                                                      \
		.name = "host", .type = ATTR_SYMBOL,                                           \
		.flags = ATTR_POST | ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT | ATTR_REQUIRED |  \
			 ATTR_COLUMN,                                                          \
		.offset = offsetof(struct binding, host), .max = 255,                          \
		.help = "the host that is to wire the port"                                    \
	}

#define BINDING_VNIC_TYPE                                                                      \
	{                                                                                      \
		.name = "vnic_type", .type = ATTR_ENUM,                                        \
		.flags = ATTR_POST | ATTR_PUT | ATTR_VISIBLE | ATTR_FILTER | ATTR_COLUMN,      \
		.offset = offsetof(struct binding, vnic_type), .names = vnic_types,            \
		.initial = "normal", .help = "kind of interface; only normal is wired"         \
	}

#define BINDING_PROFILE                                                                        \
	{                                                                                      \
		.name = "profile", .type = ATTR_DICT,                                          \
		.flags = ATTR_POST | ATTR_PUT | ATTR_VISIBLE | ATTR_NULL_IN,                   \
		.offset = offsetof(struct binding, profile), .max = 4095,                      \
		.help = "kept for the hypervisor's manager"                                    \
	}

const struct attr_table binding_table = {
	.singular = "binding",
	.plural = "bindings",
	.title = "PortBinding",
	.size = sizeof(struct binding),
	.attrs =
		(const struct attr[]){
			BINDING_HOST,
			{.name = "status",
			 .type = ATTR_STRING,
			 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_COLUMN,
			 .print = print_status,
			 .help = "ACTIVE: the one in force"},
			{.name = "vif_type",
			 .type = ATTR_STRING,
			 .flags = ATTR_VISIBLE | ATTR_COMPUTED | ATTR_FILTER | ATTR_COLUMN,
			 .print = print_vif_type,
			 .help = "tap; binding_failed on a host that cannot have it"},
			{.name = "vif_details",
			 .type = ATTR_DICT,
			 .flags = ATTR_VISIBLE | ATTR_COMPUTED,
			 .print = print_vif_details,
			 .help = "what the host's hypervisor must know"},
			BINDING_VNIC_TYPE,
			BINDING_PROFILE,
			{.name = NULL},
		},
	.help = "A port on a host.",
};

const struct attr_table binding_kept_table = {
	.singular = "binding",
	.size = sizeof(struct binding),
	.attrs =
		(const struct attr[]){
			BINDING_HOST,
			BINDING_VNIC_TYPE,
			BINDING_PROFILE,
			{.name = "state",
			 .type = ATTR_ENUM,
			 .offset = offsetof(struct binding, state),
			 .names = binding_states,
			 .initial = "bound"},
			{.name = NULL},
		},
};
