/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes over a copy of all entries: objects are read and say what they claim and whom
 * they need; what they need is looked for; what is left over belongs to nobody.
 */
#include "api/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/claim.h"
#include "api/mirror.h"
#include "api/notice.h"
#include "api/security.h"
#include "lib/error.h"
#include "model/attr_json.h"

#define GUARD_PREFIX "child/"

/* One key of the store. */
struct entry {
	char *key;
	char *value;
	gsize size;
	uint64_t revision;
	enum kind kind; /* KIND_COUNT: no object */
	void *object;	/* NULL: none, or not readable */
	bool wanted;	/* some object has named it as its claim or guard */
};

struct audit {
	GPtrArray *order;    /* struct entry, as the store has them: by key */
	GHashTable *entries; /* key -> struct entry */
	GHashTable *claims;  /* key, owned -> the object's entry that has said so first */
	GHashTable *subnets; /* network's or pool's id -> array of the entries of its subnets */
	GHashTable *pools;   /* scope's id -> array of the entries of its pools */
	GHashTable *ways; /* router's id, owned -> the entry of the port that is its gateway */
	GPtrArray *lines; /* findings */
	struct audit_counts counts;
	GError *error;
	bool done;
};

static void entry_free(void *data)
{
	struct entry *entry = data;

	if (entry->object)
		attr_free(cloud_table(entry->kind), entry->object);
	g_free(entry->key);
	g_free(entry->value);
	g_free(entry);
}

static void found(struct audit *audit, const struct entry *entry, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void found(struct audit *audit, const struct entry *entry, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(audit->lines, g_strdup_printf("%s: %s", entry->key, text));
}

/* --- what objects say --------------------------------------------------------------- */

/* ENTRY's object alone has KEY, whose value is OWNER. */
static void claims(struct audit *audit, struct entry *entry, const char *key, const char *owner)
{
	struct entry *claim = g_hash_table_lookup(audit->entries, key);
	const struct entry *first = g_hash_table_lookup(audit->claims, key);

	if (first) {
		found(audit, entry, "%s is %s's, too", key, first->key);
		return;
	}
	g_hash_table_insert(audit->claims, g_strdup(key), entry);
	if (!claim) {
		found(audit, entry, "%s is not claimed", key);
		return;
	}
	claim->wanted = true;
	if (strcmp(claim->value, owner) != 0)
		found(audit, entry, "%s is claimed by %s", key, claim->value);
}

/* The object of KIND and ID; NULL and a finding when there is none. */
static const void *refers(struct audit *audit, struct entry *entry, const char *attribute,
			  enum kind kind, struct uuid id)
{
	char key[KEY_TEXT];
	const struct entry *target =
		g_hash_table_lookup(audit->entries, key_print(kind, id, key));

	if (!target)
		found(audit, entry, "%s: there is no %s", attribute, key);
	return target ? target->object : NULL;
}

/* Children were made under the guard of their parent, or its deletion would not notice them. */
static void guarded(struct audit *audit, struct entry *entry, enum kind kind, struct uuid id)
{
	char key[KEY_TEXT];
	struct entry *guard =
		g_hash_table_lookup(audit->entries, key_print_guard(kind, id, key));

	if (!guard)
		found(audit, entry, "%s is missing", key);
}

static void host_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct host *host = entry->object;
	char key[CLAIM_TEXT];

	claims(audit, entry, claim_print_hostname(host->object.name, key), id);
	claims(audit, entry, claim_print_tunnel(host->tunnel_ip, key), id);
}

/* Those of PARENT that were met before, to be compared with ENTRY, which joins them; borrowed. */
static GPtrArray *siblings(GHashTable *lists, const struct uuid *parent, struct entry *entry)
{
	GPtrArray *list = g_hash_table_lookup(lists, parent);

	if (!list) {
		list = g_ptr_array_new();
		g_hash_table_insert(lists, (void *)parent, list);
	}
	g_ptr_array_add(list, entry);
	return list;
}

static void network_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct network *network = entry->object;
	char key[CLAIM_TEXT];

	if (network->is_default)
		claims(audit, entry, claim_print_default_network(key), id);
	if (network->is_default && !network->external)
		found(audit, entry, "it is the default, and not external");
	if (network->segments.count == 0)
		claims(audit, entry, claim_print_place(&network->place, key), id);
	for (uint32_t i = 0; i < network->segments.count; i++)
		claims(audit, entry,
		       claim_print_place(vec_at(struct segment_place, &network->segments, i),
					 key),
		       id);
}

static bool network_has(const struct network *network, const struct segment_place *place)
{
	bool has = segment_place_equal(&network->place, place);

	for (uint32_t i = 0; i < network->segments.count; i++)
		has |= segment_place_equal(vec_at(struct segment_place, &network->segments, i),
					   place);
	return has;
}

/* The places are claimed by the network; the key of a segment's is none of the store's. */
static void segment_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct segment *segment = entry->object;
	const struct network *network =
		refers(audit, entry, "network_id", KIND_NETWORK, segment->network_id);
	char text[SEGMENT_PLACE_TEXT];
	g_autofree char *what =
		g_strconcat("segment of ", segment_place_print(&segment->place, text), NULL);
	const struct entry *first = g_hash_table_lookup(audit->claims, what);

	if (network && !network_has(network, &segment->place))
		found(audit, entry, "its network does not know of %s", text);
	if (first)
		found(audit, entry, "%s is %s's, too", text, first->key);
	else
		g_hash_table_insert(audit->claims, g_steal_pointer(&what), entry);
}

/* No two ranges but the default one have a number in common. */
static void range_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct segment_range *range = entry->object;
	const GPtrArray *list = siblings(audit->pools, &uuid_none, entry);

	for (guint i = 0; i + 1 < list->len; i++) {
		const struct entry *present = list->pdata[i];
		const struct segment_range *other = present->object;

		if (!range->is_default && !other->is_default &&
		    segment_range_meets(range, other))
			found(audit, entry, "it overlaps %s", present->key);
	}
}

/* No subnet of a network, or of a pool, overlaps another. */
static void subnet_meets(struct audit *audit, struct entry *entry, const struct uuid *parent)
{
	const struct subnet *subnet = entry->object;
	const GPtrArray *list = siblings(audit->subnets, parent, entry);
	char mine[PREFIX_TEXT], its[PREFIX_TEXT];

	for (guint i = 0; i + 1 < list->len; i++) {
		const struct entry *present = list->pdata[i];
		const struct subnet *other = present->object;

		if (prefix_overlaps(other->cidr, subnet->cidr))
			found(audit, entry, "cidr: %s overlaps %s of %s",
			      prefix_print(subnet->cidr, mine), prefix_print(other->cidr, its),
			      present->key);
	}
}

static void subnet_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct subnet *subnet = entry->object;
	const struct subnetpool *pool;
	char text[PREFIX_TEXT];

	refers(audit, entry, "network_id", KIND_NETWORK, subnet->network_id);
	if (!uuid_is_none(subnet->segment_id)) {
		refers(audit, entry, "segment_id", KIND_SEGMENT, subnet->segment_id);
		guarded(audit, entry, KIND_SEGMENT, subnet->segment_id);
	}
	if (!uuid_is_none(subnet->network_acl_id)) {
		refers(audit, entry, "network_acl_id", KIND_NETWORK_ACL,
		       subnet->network_acl_id);
		guarded(audit, entry, KIND_NETWORK_ACL, subnet->network_acl_id);
	}
	subnet_meets(audit, entry, &subnet->network_id);
	if (uuid_is_none(subnet->subnetpool_id))
		return;
	pool = refers(audit, entry, "subnetpool_id", KIND_SUBNETPOOL, subnet->subnetpool_id);
	guarded(audit, entry, KIND_SUBNETPOOL, subnet->subnetpool_id);
	subnet_meets(audit, entry, &subnet->subnetpool_id);
	if (pool && !subnetpool_contains(pool, subnet->cidr))
		found(audit, entry, "cidr: %s is not in its subnet pool",
		      prefix_print(subnet->cidr, text));
}

static void pool_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct subnetpool *pool = entry->object;
	const GPtrArray *list;
	char key[CLAIM_TEXT];

	if (pool->is_default)
		claims(audit, entry, claim_print_default_pool(pool->ip_version, key), id);
	if (uuid_is_none(pool->address_scope_id))
		return;
	refers(audit, entry, "address_scope_id", KIND_ADDRESS_SCOPE, pool->address_scope_id);
	guarded(audit, entry, KIND_ADDRESS_SCOPE, pool->address_scope_id);
	list = siblings(audit->pools, &pool->address_scope_id, entry);
	for (guint i = 0; i + 1 < list->len; i++)
		if (subnetpool_overlaps(pool, ((struct entry *)list->pdata[i])->object))
			found(audit, entry, "prefixes: it overlaps %s of its scope",
			      ((struct entry *)list->pdata[i])->key);
}

static void router_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct router *router = entry->object;
	char key[CLAIM_TEXT];

	claims(audit, entry, claim_print_router(router->number, key), id);
	if (!uuid_is_none(router->gateway_network_id) &&
	    !g_hash_table_contains(audit->ways, id))
		found(audit, entry,
		      "external_gateway_info: there is no port that is its gateway");
	if (uuid_is_none(router->flavor_id))
		return;
	refers(audit, entry, "flavor_id", KIND_FLAVOR, router->flavor_id);
	guarded(audit, entry, KIND_FLAVOR, router->flavor_id);
}

static void port_says_address(struct audit *audit, struct entry *entry,
			      const struct fixed_ip *fixed, const char *id)
{
	const struct port *port = entry->object;
	const struct subnet *subnet =
		refers(audit, entry, "fixed_ips", KIND_SUBNET, fixed->subnet_id);
	char key[CLAIM_TEXT], address[IP_TEXT], cidr[PREFIX_TEXT];

	claims(audit, entry, claim_print_ip(fixed->subnet_id, fixed->ip, key), id);
	if (!subnet)
		return;
	guarded(audit, entry, KIND_SUBNET, fixed->subnet_id);
	ip_print(fixed->ip, address);
	if (!prefix_contains(subnet->cidr, fixed->ip))
		found(audit, entry, "fixed_ips: %s is outside of %s", address,
		      prefix_print(subnet->cidr, cidr));
	if (!uuid_equal(subnet->network_id, port->network_id))
		found(audit, entry, "fixed_ips: %s is of another network's subnet", address);
}

static void port_says_identity(struct audit *audit, struct entry *entry)
{
	const struct port *port = entry->object;
	g_autofree char *label = security_print_label(port);
	char key[CLAIM_TEXT];
	const struct entry *claim =
		g_hash_table_lookup(audit->entries, claim_print_label(label, key));

	if (!claim)
		found(audit, entry, "%s is not claimed", key);
	else if (strtoul(claim->value, NULL, 10) != port->identity)
		found(audit, entry, "identity %u, but that of its groups and labels is %s",
		      port->identity, claim->value);
}

static void group_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct security_group *group = entry->object;
	char key[CLAIM_TEXT];

	if (g_strcmp0(group->object.name, SECURITY_GROUP_DEFAULT) == 0)
		claims(audit, entry, claim_print_default_group(group->object.project_id, key),
		       id);
}

static void rule_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct security_rule *rule = entry->object;

	refers(audit, entry, "security_group_id", KIND_SECURITY_GROUP, rule->security_group_id);
	if (!uuid_is_none(rule->remote_group_id))
		refers(audit, entry, "remote_group_id", KIND_SECURITY_GROUP,
		       rule->remote_group_id);
	if (!uuid_is_none(rule->remote_address_group_id))
		refers(audit, entry, "remote_address_group_id", KIND_ADDRESS_GROUP,
		       rule->remote_address_group_id);
}

static void flavor_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct flavor *flavor = entry->object;

	for (uint32_t i = 0; i < flavor->profiles.count; i++) {
		struct uuid profile = *vec_at(struct uuid, &flavor->profiles, i);

		refers(audit, entry, "service_profiles", KIND_SERVICE_PROFILE, profile);
		guarded(audit, entry, KIND_SERVICE_PROFILE, profile);
	}
}

static void default_rule_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct default_rule *rule = entry->object;
	struct uuid group;

	if (default_rule_get_remote(rule, &group)) {
		refers(audit, entry, "remote_group_id", KIND_SECURITY_GROUP, group);
		guarded(audit, entry, KIND_SECURITY_GROUP, group);
	}
	if (uuid_is_none(rule->rule.remote_address_group_id))
		return;
	refers(audit, entry, "remote_address_group_id", KIND_ADDRESS_GROUP,
	       rule->rule.remote_address_group_id);
	guarded(audit, entry, KIND_ADDRESS_GROUP, rule->rule.remote_address_group_id);
}

/* Its port may have gone while it was made: then it is about nobody. */
static void log_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct flow_log *log = entry->object;

	if (!uuid_is_none(log->resource_id))
		refers(audit, entry, "resource_id", KIND_SECURITY_GROUP, log->resource_id);
}

static void policy_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct selector_policy *policy = entry->object;

	for (uint32_t i = 0; i < policy->rules.count; i++) {
		const struct selector_rule *rule =
			vec_at(struct selector_rule, &policy->rules, i);

		for (uint32_t n = 0; n < rule->peers.count; n++) {
			struct uuid group =
				vec_at(struct selector_peer, &rule->peers, n)->address_group_id;

			if (!uuid_is_none(group))
				refers(audit, entry, "rules", KIND_ADDRESS_GROUP, group);
		}
	}
}

/* Two equal policies would have excluded each other by their object's revision: the key is none
 * of the store's, it only tells them apart. */
static void rbac_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct rbac_policy *policy = entry->object;
	const struct network *network;
	g_autofree char *what = NULL;
	const struct entry *first;
	char object[UUID_TEXT];

	network = refers(audit, entry, "object_id", rbac_get_kind(policy->type),
			 policy->object_id);
	if (policy->type == RBAC_NETWORK && network &&
	    !(policy->action == RBAC_EXTERNAL
		      ? network->external
		      : network->shared || !rbac_policy_is_for(policy, NULL)))
		found(audit, entry, "its network does not know of it");
	what = g_strdup_printf("%s of %s for %s", rbac_actions[policy->action],
			       uuid_print(policy->object_id, object), policy->target);
	first = g_hash_table_lookup(audit->claims, what);
	if (first)
		found(audit, entry, "%s is %s's, too", what, first->key);
	else
		g_hash_table_insert(audit->claims, g_steal_pointer(&what), entry);
}

/* No other rule of its ACL and direction has its number. */
static void acl_rule_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct network_acl_rule *rule = entry->object;
	g_autofree char *place =
		g_strdup_printf("%u/%" G_GINT64_FORMAT, rule->direction, rule->number);
	char acl[UUID_TEXT];
	g_autofree char *key =
		g_strdup_printf("%s/%s", uuid_print(rule->network_acl_id, acl), place);
	const struct entry *first = g_hash_table_lookup(audit->claims, key);

	refers(audit, entry, "network_acl_id", KIND_NETWORK_ACL, rule->network_acl_id);
	if (first)
		found(audit, entry, "number: %" G_GINT64_FORMAT " is %s's, too", rule->number,
		      first->key);
	else
		g_hash_table_insert(audit->claims, g_steal_pointer(&key), entry);
}

static void firewall_policy_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct firewall_policy *policy = entry->object;

	for (uint32_t i = 0; i < policy->rules.count; i++)
		refers(audit, entry, "firewall_rules", KIND_FIREWALL_RULE,
		       *vec_at(struct uuid, &policy->rules, i));
}

static void firewall_says_policy(struct audit *audit, struct entry *entry, const char *name,
				 struct uuid policy)
{
	if (uuid_is_none(policy))
		return;
	refers(audit, entry, name, KIND_FIREWALL_POLICY, policy);
	guarded(audit, entry, KIND_FIREWALL_POLICY, policy);
}

static void firewall_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct firewall_group *group = entry->object;
	char key[CLAIM_TEXT], text[UUID_TEXT];

	firewall_says_policy(audit, entry, "ingress_firewall_policy_id",
			     group->ingress_policy_id);
	firewall_says_policy(audit, entry, "egress_firewall_policy_id",
			     group->egress_policy_id);
	if (g_strcmp0(group->object.name, FIREWALL_DEFAULT) == 0)
		claims(audit, entry,
		       claim_print_default_firewall(group->object.project_id, key), id);
	for (uint32_t i = 0; i < group->ports.count; i++) {
		struct uuid at = *vec_at(struct uuid, &group->ports, i);
		const struct port *port = refers(audit, entry, "ports", KIND_PORT, at);

		claims(audit, entry, claim_print_firewall_port(at, key), id);
		guarded(audit, entry, KIND_PORT, at);
		if (port && !port_is_router_interface(port))
			found(audit, entry, "ports: %s is no router's interface",
			      uuid_print(at, text));
	}
}

/* The router knows of it, and so does its network. */
static void gateway_says(struct audit *audit, struct entry *entry, struct uuid router_id)
{
	const struct port *port = entry->object;
	const struct router *router = refers(audit, entry, "device_id", KIND_ROUTER, router_id);
	const struct entry *other = g_hash_table_lookup(audit->ways, port->device_id);
	const struct entry *network;
	char key[KEY_TEXT];

	network = g_hash_table_lookup(audit->entries,
				      key_print(KIND_NETWORK, port->network_id, key));
	if (router && !uuid_equal(router->gateway_network_id, port->network_id))
		found(audit, entry, "its router has no gateway on %s", key);
	if (router && other && other != entry)
		found(audit, entry, "its router has a gateway by %s, too", other->key);
	if (network && network->object && !((struct network *)network->object)->external)
		found(audit, entry, "%s is not external", key);
}

static void port_says(struct audit *audit, struct entry *entry, const char *id)
{
	const struct port *port = entry->object;
	struct uuid router = {0};
	char key[CLAIM_TEXT];

	refers(audit, entry, "network_id", KIND_NETWORK, port->network_id);
	guarded(audit, entry, KIND_NETWORK, port->network_id);
	claims(audit, entry, claim_print_mac(port->network_id, port->mac, key), id);
	for (uint32_t i = 0; i < port->fixed_ips.count; i++)
		port_says_address(audit, entry, vec_at(struct fixed_ip, &port->fixed_ips, i),
				  id);
	for (uint32_t i = 0; i < port->security_groups.count; i++) {
		struct uuid group = *vec_at(struct uuid, &port->security_groups, i);

		refers(audit, entry, "security_groups", KIND_SECURITY_GROUP, group);
		guarded(audit, entry, KIND_SECURITY_GROUP, group);
	}
	port_says_identity(audit, entry);
	if (!port_is_router_interface(port) && !port_is_gateway(port))
		return;
	if (!port->device_id || !uuid_parse(port->device_id, &router))
		found(audit, entry, "device_id: '%s' is no router's",
		      port->device_id ? port->device_id : "");
	else if (port_is_gateway(port))
		gateway_says(audit, entry, router);
	else
		refers(audit, entry, "device_id", KIND_ROUTER, router);
}

static void (*const says[KIND_COUNT])(struct audit *audit, struct entry *entry,
				      const char *id) = {
	[KIND_HOST] = host_says,
	[KIND_NETWORK] = network_says,
	[KIND_SUBNET] = subnet_says,
	[KIND_ROUTER] = router_says,
	[KIND_PORT] = port_says,
	[KIND_SECURITY_GROUP] = group_says,
	[KIND_SECURITY_RULE] = rule_says,
	[KIND_LOG] = log_says,
	[KIND_POLICY] = policy_says,
	[KIND_RBAC_POLICY] = rbac_says,
	[KIND_SUBNETPOOL] = pool_says,
	[KIND_NETWORK_ACL_RULE] = acl_rule_says,
	[KIND_FIREWALL_POLICY] = firewall_policy_says,
	[KIND_FIREWALL_GROUP] = firewall_says,
	[KIND_SEGMENT] = segment_says,
	[KIND_SEGMENT_RANGE] = range_says,
	[KIND_DEFAULT_RULE] = default_rule_says,
	[KIND_FLAVOR] = flavor_says,
};

/* --- what belongs to no object ------------------------------------------------------- */

/* A label and its number name each other. */
static void label_pairs(struct audit *audit, struct entry *entry)
{
	char key[CLAIM_TEXT];

	entry->wanted = true;
	claims(audit, entry,
	       claim_print_identity((uint32_t)strtoul(entry->value, NULL, 10), key),
	       entry->key);
}

/* The guard of no object is that of the whole collection. */
static void guard_belongs(struct audit *audit, struct entry *entry)
{
	enum kind kind;
	struct uuid id;

	entry->wanted = true;
	if (key_parse(entry->key + strlen(GUARD_PREFIX), &kind, &id) && uuid_is_none(id))
		return;
	if (!g_hash_table_contains(audit->entries, entry->key + strlen(GUARD_PREFIX)))
		found(audit, entry, "there is no %s", entry->key + strlen(GUARD_PREFIX));
}

/* What hosts and controllers say of themselves may be late; limits may be of any project, and
 * what Nova is owed of a port that is gone. */
static void sign_belongs(struct audit *audit, struct entry *entry)
{
	entry->wanted = true;
}

static const struct {
	const char *prefix;
	void (*look)(struct audit *audit, struct entry *entry);
} others[] = {
	{KEY_LIVE, sign_belongs},      {KEY_WIRED, sign_belongs}, {KEY_LEAD, sign_belongs},
	{KEY_QUOTA, sign_belongs},     {KEY_USAGE, sign_belongs}, {KEY_LABEL, label_pairs},
	{GUARD_PREFIX, guard_belongs}, {KEY_NOVA, sign_belongs},  {KEY_ASK, sign_belongs},
	{KEY_REFUSED, sign_belongs},
};

/* --- passes -------------------------------------------------------------------------- */

static void gateway_note(struct audit *audit, struct entry *entry)
{
	const struct port *port = entry->object;

	if (port_is_gateway(port) && port->device_id)
		g_hash_table_insert(audit->ways, g_strdup(port->device_id), entry);
}

static void entry_read(struct audit *audit, struct entry *entry)
{
	g_autoptr(GError) error = NULL;
	struct uuid id;

	if (entry->revision > audit->counts.revision)
		found(audit, entry, "revision %" G_GUINT64_FORMAT " is newer than the store's",
		      entry->revision);
	if (!key_parse(entry->key, &entry->kind, &id)) {
		entry->kind = KIND_COUNT;
		return;
	}
	audit->counts.objects++;
	entry->object = attr_read(cloud_table(entry->kind), entry->value, entry->size, &error);
	if (!entry->object)
		found(audit, entry, "cannot be read: %s", error->message);
	else if (!uuid_equal(((struct object *)entry->object)->id, id))
		found(audit, entry, "says that it has another id");
	else if (entry->kind == KIND_PORT)
		gateway_note(audit, entry);
}

static void entry_check(struct audit *audit, struct entry *entry)
{
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		if (g_str_has_prefix(entry->key, others[i].prefix))
			others[i].look(audit, entry);
	if (entry->object && says[entry->kind])
		says[entry->kind](audit, entry, strchr(entry->key, '/') + 1);
}

static void entry_check_wanted(struct audit *audit, struct entry *entry)
{
	bool claim = g_str_has_prefix(entry->key, CLAIM_PREFIX);

	audit->counts.claims += claim;
	if (entry->kind != KIND_COUNT || entry->wanted)
		return;
	if (claim)
		found(audit, entry, "claimed by %s, which has nothing of it", entry->value);
	else
		found(audit, entry, "is nothing that this program knows");
}

static void audit_read(const struct store_entry *entries, gsize count, uint64_t revision,
		       const GError *error, void *data)
{
	struct audit *audit = data;

	audit->done = true;
	if (error) {
		audit->error = g_error_copy(error);
		return;
	}
	audit->counts.revision = revision;
	for (gsize i = 0; i < count; i++) {
		struct entry *entry = g_new0(struct entry, 1);

		entry->key = g_strdup(entries[i].key);
		entry->value = g_strndup(entries[i].value, entries[i].size);
		entry->size = entries[i].size;
		entry->revision = entries[i].revision;
		g_ptr_array_add(audit->order, entry);
		g_hash_table_insert(audit->entries, entry->key, entry);
	}
}

static void audit_each(struct audit *audit,
		       void (*look)(struct audit *audit, struct entry *entry))
{
	for (guint i = 0; i < audit->order->len; i++)
		look(audit, audit->order->pdata[i]);
}

static gint line_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void audit_done(struct audit *audit)
{
	g_hash_table_unref(audit->entries);
	g_hash_table_unref(audit->claims);
	g_hash_table_unref(audit->subnets);
	g_hash_table_unref(audit->pools);
	g_hash_table_unref(audit->ways);
	g_ptr_array_unref(audit->order);
	g_ptr_array_unref(audit->lines);
}

bool audit_store(struct store *store, void (*tell)(const char *line, void *data), void *data,
		 struct audit_counts *out, GError **error)
{
	struct audit audit = {
		.order = g_ptr_array_new_with_free_func(entry_free),
		.entries = g_hash_table_new(g_str_hash, g_str_equal),
		.claims = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.subnets = g_hash_table_new_full(uuid_hash, uuid_same, NULL,
						 (GDestroyNotify)g_ptr_array_unref),
		.pools = g_hash_table_new_full(uuid_hash, uuid_same, NULL,
					       (GDestroyNotify)g_ptr_array_unref),
		.ways = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
		.lines = g_ptr_array_new_with_free_func(g_free),
	};
	bool good;

	store_range(store, "", 0, audit_read, &audit);
	while (!audit.done)
		g_main_context_iteration(NULL, TRUE);
	good = !audit.error;
	if (audit.error)
		g_propagate_error(error, audit.error);
	audit_each(&audit, entry_read);
	audit_each(&audit, entry_check);
	audit_each(&audit, entry_check_wanted);
	g_ptr_array_sort(audit.lines, line_compare);
	for (guint i = 0; i < audit.lines->len; i++)
		tell(audit.lines->pdata[i], data);
	audit.counts.findings = audit.lines->len;
	if (good)
		*out = audit.counts;
	audit_done(&audit);
	return good;
}
