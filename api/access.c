/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy and objects.
 */
#include "api/access.h"

#include <string.h>

#include "lib/error.h"
#include "model/cloud.h"

static const char *const verbs[VERB_COUNT] = {
	[VERB_CREATE] = "create",
	[VERB_GET] = "get",
	[VERB_UPDATE] = "update",
	[VERB_DELETE] = "delete",
};

/* "create_port:fixed_ips:ip_address". */
struct sub_rule {
	const struct attr *attr; /* of the resource */
	const struct attr *item; /* of the list's items; NULL: a key of a dictionary */
	const char *key;
	const struct rule *rule;
};

struct kind_rules {
	const struct rule *verbs[VERB_COUNT];
	uint64_t ruled[VERB_COUNT]; /* the attributes that have one below */
	const struct rule *attrs[VERB_COUNT][ATTR_COUNT_MAX];
	GArray *subs[VERB_COUNT];  /* struct sub_rule */
	const struct attr *parent; /* an id: what ext_parent stands for */
};

struct access {
	const struct policy *policy;
	const struct cloud *cloud;
	struct kind_rules *kinds[RESOURCE_COUNT];
	GString *scratch;
	const char *tenant_id, *project_id; /* interned */
};

/* What is asked about: an object, and the job that makes it. */
struct subject {
	struct target target;
	const struct access *access;
	const struct job *job; /* NULL: the cloud as it is */
	const char *project;   /* who asks */
	enum kind kind;
	const void *object;
};

/* Attributes as text */

static const char *value_print(const struct subject *subject, const struct attr *attr,
			       const void *object)
{
	GString *scratch = subject->access->scratch;
	const void *at = (const char *)object + attr->offset;
	json_t *value;

	g_string_truncate(scratch, 0);
	if (attr->flags & ATTR_COMPUTED || attr->print_for) {
		value = attr->print_for ? attr->print_for(object, subject->access->cloud,
							  subject->project)
					: attr->print(object, subject->access->cloud);
		if (json_is_string(value))
			g_string_assign(scratch, json_string_value(value));
		else if (json_is_boolean(value))
			g_string_assign(scratch, json_is_true(value) ? "true" : "false");
		json_decref(value);
		return scratch->str;
	}
	if (attr->type == ATTR_SYMBOL || attr->type == ATTR_STRING)
		return *(const char *const *)at;
	if (attr->type == ATTR_LIST || attr->type == ATTR_DICT || attr_is_null(attr, object))
		return NULL;
	attr_print(attr, object, scratch);
	return scratch->str;
}

/* The object that attribute "NAME_id" of the subject's names, for NAME "network". */
static const void *subject_follow(const struct subject *subject, const char *name,
				  enum kind *kind)
{
	const struct attr_table *table = cloud_table(subject->kind);
	g_autofree char *id = g_strconcat(name, "_id", NULL);
	const struct attr *attr = attr_find(table, id);
	const struct uuid *at;

	if (!attr || attr->type != ATTR_UUID || !resource_find_kind(name, kind))
		return NULL;
	at = (const void *)((const char *)subject->object + attr->offset);
	return subject->job ? job_find(subject->job, *kind, *at)
			    : cloud_find(subject->access->cloud, *kind, *at);
}

static const void *subject_find_parent(const struct subject *subject, enum kind *kind)
{
	const char *name = resource_get(subject->kind)->parent;

	return name ? subject_follow(subject, name, kind) : NULL;
}

static const char *other_find(const struct subject *subject, enum kind kind, const void *object,
			      const char *name)
{
	const struct attr *attr = object ? attr_find(cloud_table(kind), name) : NULL;

	return attr ? value_print(subject, attr, object) : NULL;
}

/* "network:tenant_id": of what the subject belongs to. */
static const char *foreign_find(const struct subject *subject, const char *name)
{
	const char *colon = strchr(name, ':');
	g_autofree char *owner = colon ? g_strndup(name, (gsize)(colon - name)) : NULL;
	const void *object;
	enum kind kind;

	if (!owner)
		return NULL;
	object = strcmp(owner, "ext_parent") == 0 ? subject_find_parent(subject, &kind)
						  : subject_follow(subject, owner, &kind);
	return other_find(subject, kind, object, colon + 1);
}

/* field:networks:shared, of a port: its network's. */
static const char *field_find(const struct subject *subject, const char *resource,
			      const char *name)
{
	const struct attr *attr = attr_find(cloud_table(subject->kind), name);
	const void *object;
	enum kind kind;

	if (resource_find_kind(resource, &kind) && kind != subject->kind) {
		object = subject_follow(subject, cloud_table(kind)->singular, &kind);
		return other_find(subject, kind, object, name);
	}
	return attr ? value_print(subject, attr, subject->object) : NULL;
}

static const char *subject_find(const struct target *target, const char *resource,
				const char *name)
{
	const struct subject *subject = (const struct subject *)target;
	const struct attr *attr;

	if (resource)
		return field_find(subject, resource, name);
	if (name == subject->access->tenant_id || name == subject->access->project_id)
		return ((const struct object *)subject->object)->project_id;
	attr = attr_find(cloud_table(subject->kind), name);
	return attr ? value_print(subject, attr, subject->object) : foreign_find(subject, name);
}

/* The rules of each resource */

static const struct rule *rule_find(const struct access *access, enum verb verb,
				    const char *name, const char *attr, const char *key)
{
	g_autofree char *text =
		g_strdup_printf("%s_%s%s%s%s%s", verbs[verb], name, attr ? ":" : "",
				attr ? attr : "", key ? ":" : "", key ? key : "");

	return policy_find(access->policy, text);
}

static void subs_find(const struct access *access, struct kind_rules *rules, enum verb verb,
		      const struct attr_table *table, const struct attr *attr)
{
	struct sub_rule sub = {.attr = attr};

	if (attr->type == ATTR_LIST && attr->item && !attr_table_is_scalar(attr->item)) {
		for (sub.item = attr->item->attrs; sub.item->name; sub.item++) {
			sub.key = sub.item->name;
			sub.rule =
				rule_find(access, verb, table->singular, attr->name, sub.key);
			if (sub.rule)
				g_array_append_val(rules->subs[verb], sub);
		}
		return;
	}
	if (attr->type != ATTR_DICT || !attr->item)
		return;
	for (const struct attr *key = attr->item->attrs; key->name; key++) {
		sub.key = key->name;
		sub.rule = rule_find(access, verb, table->singular, attr->name, sub.key);
		if (sub.rule)
			g_array_append_val(rules->subs[verb], sub);
	}
}

static void attrs_find(const struct access *access, struct kind_rules *rules, enum verb verb,
		       const struct attr_table *table)
{
	uint32_t admin = verb == VERB_GET ? ATTR_ADMIN_SEE : ATTR_ADMIN_SET;

	for (const struct attr *attr = table->attrs; attr->name; attr++) {
		const struct rule *rule =
			rule_find(access, verb, table->singular, attr->name, NULL);

		if (!rule && attr->alias)
			rule = rule_find(access, verb, table->singular, attr->alias, NULL);
		if (!rule && attr->flags & admin)
			rule = policy_find(access->policy, "admin_only");
		if (rule) {
			rules->attrs[verb][attr - table->attrs] = rule;
			rules->ruled[verb] |= attr_bit(table, attr);
		}
		subs_find(access, rules, verb, table, attr);
	}
}

static struct kind_rules *kind_rules_new(const struct access *access,
					 const struct attr_table *table)
{
	struct kind_rules *rules = g_new0(struct kind_rules, 1);

	for (unsigned int verb = 0; verb < VERB_COUNT; verb++) {
		rules->subs[verb] = g_array_new(FALSE, FALSE, sizeof(struct sub_rule));
		rules->verbs[verb] =
			rule_find(access, (enum verb)verb, table->singular, NULL, NULL);
		if (!rules->verbs[verb])
			rules->verbs[verb] = policy_get_default(access->policy);
		if (verb != VERB_DELETE)
			attrs_find(access, rules, (enum verb)verb, table);
	}
	return rules;
}

static void kind_rules_free(struct kind_rules *rules)
{
	for (unsigned int verb = 0; rules && verb < VERB_COUNT; verb++)
		g_array_unref(rules->subs[verb]);
	g_free(rules);
}

void access_reload(struct access *access)
{
	for (unsigned int i = 0; i < RESOURCE_COUNT; i++) {
		kind_rules_free(access->kinds[i]);
		access->kinds[i] =
			kind_rules_new(access, resource_table(resource_by_number(i)));
	}
}

struct access *access_new(const struct policy *policy, const struct cloud *cloud)
{
	struct access *access = g_new0(struct access, 1);

	access->policy = policy;
	access->cloud = cloud;
	access->scratch = g_string_new(NULL);
	access->tenant_id = g_intern_static_string("tenant_id");
	access->project_id = g_intern_static_string("project_id");
	access_reload(access);
	return access;
}

void access_free(struct access *access)
{
	if (!access)
		return;
	for (unsigned int i = 0; i < RESOURCE_COUNT; i++)
		kind_rules_free(access->kinds[i]);
	g_string_free(access->scratch, TRUE);
	g_free(access);
}

/* Asking */

static bool ask_object(const struct access *access, const struct job *job,
		       const struct rule *rule, const struct caller *caller,
		       const struct resource *resource, const void *object)
{
	const struct subject subject = {{subject_find},	    access,	    job,
					caller->project_id, resource->kind, object};

	return rule_ask(rule, &caller->creds, &subject.target) == ANSWER_YES;
}

void sight_init(struct sight *sight, const struct access *access,
		const struct resource *resource, const struct caller *caller)
{
	const struct kind_rules *rules = access->kinds[resource_number(resource)];
	uint64_t left = rules->ruled[VERB_GET];

	*sight = (struct sight){.access = access, .resource = resource, .caller = caller};
	sight->get = rule_ask(rules->verbs[VERB_GET], &caller->creds, NULL);
	for (unsigned int i = 0; left; i++, left >>= 1) {
		enum answer answer;

		if (!(left & 1))
			continue;
		answer = rule_ask(rules->attrs[VERB_GET][i], &caller->creds, NULL);
		if (answer == ANSWER_NO)
			sight->hidden |= UINT64_C(1) << i;
		else if (answer == ANSWER_UNKNOWN)
			sight->depends |= UINT64_C(1) << i;
	}
}

bool sight_is_blind(const struct sight *sight)
{
	return sight->get == ANSWER_NO;
}

bool sight_sees(const struct sight *sight, const void *object)
{
	const struct kind_rules *rules = sight->access->kinds[resource_number(sight->resource)];

	if (sight->get != ANSWER_UNKNOWN)
		return sight->get == ANSWER_YES;
	return ask_object(sight->access, NULL, rules->verbs[VERB_GET], sight->caller,
			  sight->resource, object);
}

uint64_t sight_hides(const struct sight *sight, const void *object)
{
	const struct kind_rules *rules = sight->access->kinds[resource_number(sight->resource)];
	uint64_t left = sight->depends, hidden = sight->hidden;

	for (unsigned int i = 0; left; i++, left >>= 1)
		if (left & 1 && !ask_object(sight->access, NULL, rules->attrs[VERB_GET][i],
					    sight->caller, sight->resource, object))
			hidden |= UINT64_C(1) << i;
	return hidden;
}

bool access_sees(const struct access *access, const struct caller *caller,
		 const struct resource *resource, const void *object)
{
	return ask_object(access, NULL,
			  access->kinds[resource_number(resource)]->verbs[VERB_GET], caller,
			  resource, object);
}

bool access_sees_by(const struct access *access, const struct caller *caller, const char *rule,
		    const struct resource *resource, const void *object)
{
	const struct rule *found = policy_find(access->policy, rule);

	if (!found)
		found = policy_get_default(access->policy);
	return ask_object(access, NULL, found, caller, resource, object);
}

uint64_t access_hides(const struct access *access, const struct caller *caller,
		      const struct resource *resource, const void *object)
{
	struct sight sight;

	sight_init(&sight, access, resource, caller);
	return sight_hides(&sight, object);
}

/* Changing */

static bool sub_is_given(const struct sub_rule *sub, const void *object)
{
	const struct vec *vec = (const void *)((const char *)object + sub->attr->offset);
	const char *const *text = (const void *)((const char *)object + sub->attr->offset);
	json_t *dict;
	bool found;

	for (uint32_t i = 0; sub->item && i < vec->count; i++)
		if (!attr_is_null(sub->item,
				  (const char *)vec->items + sub->attr->item->size * i))
			return true;
	if (sub->item || !*text)
		return false;
	dict = json_loads(*text, 0, NULL);
	found = json_object_get(dict, sub->key) != NULL;
	json_decref(dict);
	return found;
}

/* Who says what would be so anyway needs no right to. A truth without a default is somebody's
 * choice either way: false is one, too. */
static bool is_default(const struct attr *attr, const void *object, const void *defaults)
{
	return (attr->type != ATTR_BOOL || attr->initial) &&
	       attr_compare(attr, object, defaults, NULL) == 0;
}

/* The rules that a change must keep, one after the other; stops at the first it breaks. ASKED:
 * all until then, as the reference prints them. */
static bool change_is_allowed(struct job *job, enum verb verb, const struct resource *resource,
			      const void *object, uint64_t given, GString *asked)
{
	const struct access *access = job_api(job)->access;
	const struct kind_rules *rules = access->kinds[resource_number(resource)];
	const struct attr_table *table = resource_table(resource);
	uint64_t left = rules->ruled[verb] & given;
	void *defaults = NULL;
	bool allowed = true;

	if (verb == VERB_CREATE && left)
		defaults = attr_new(table);
	for (const struct attr *attr = table->attrs; left && allowed; attr++, left >>= 1) {
		if (!(left & 1) || (defaults && is_default(attr, object, defaults)))
			continue;
		if (asked)
			g_string_append_printf(asked, " and rule:%s_%s:%s)", verbs[verb],
					       table->singular, attr->name);
		allowed = ask_object(access, job, rules->attrs[verb][attr - table->attrs],
				     job_caller(job), resource, object);
	}
	attr_free(table, defaults);
	for (guint i = 0; i < rules->subs[verb]->len && allowed; i++) {
		const struct sub_rule *sub =
			&g_array_index(rules->subs[verb], struct sub_rule, i);

		if (!(given & attr_bit(table, sub->attr)) || !sub_is_given(sub, object))
			continue;
		if (asked)
			g_string_append_printf(asked, " and rule:%s)", rule_name(sub->rule));
		allowed = ask_object(access, job, sub->rule, job_caller(job), resource, object);
	}
	return allowed;
}

static bool denied(const char *rules, GError **error)
{
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_DENIED, "%s is disallowed by policy", rules);
	return false;
}

/* What a new object is to be put on may be none of the caller's business at all. */
static bool parent_is_seen(struct job *job, const struct resource *resource, const void *object,
			   GError **error)
{
	static const struct {
		const char *attr;
		enum kind kind;
	} parents[] = {{"network_id", KIND_NETWORK},
		       {"security_group_id", KIND_SECURITY_GROUP}};

	for (gsize i = 0; i < G_N_ELEMENTS(parents); i++) {
		const struct resource *kind = resource_get(parents[i].kind);
		const struct attr *attr = attr_find(resource_table(resource), parents[i].attr);
		const struct uuid *id;
		const void *parent;

		if (!attr || attr->type != ATTR_UUID)
			continue;
		id = (const void *)((const char *)object + attr->offset);
		parent = job_find(job, parents[i].kind, *id);
		if (!parent ||
		    !access_sees(job_api(job)->access, job_caller(job), kind, parent))
			return resource_not_found(kind, *id, error);
	}
	return true;
}

static bool is_as_missing(struct job *job, const struct resource *resource, const void *object)
{
	return resource->deny_as_missing &&
	       ((const struct object *)object)->project_id != job_caller(job)->project_id;
}

bool access_check(struct job *job, enum verb verb, const struct resource *resource,
		  const void *object, uint64_t given, GError **error)
{
	const struct access *access = job_api(job)->access;
	const struct rule *rule = access->kinds[resource_number(resource)]->verbs[verb];
	g_autoptr(GString) asked = NULL;
	gsize length;

	if (!ask_object(access, job, rule, job_caller(job), resource, object)) {
		if (verb == VERB_CREATE && !parent_is_seen(job, resource, object, error))
			return false;
		if (verb != VERB_CREATE && is_as_missing(job, resource, object))
			return resource_not_found(resource, ((const struct object *)object)->id,
						  error);
		return resource_denied(verbs[verb], resource, NULL, error);
	}
	if (change_is_allowed(job, verb, resource, object, given, NULL))
		return true;
	/* Once more, for the message. */
	asked = g_string_new(NULL);
	g_string_printf(asked, "rule:%s_%s", verbs[verb], resource_table(resource)->singular);
	length = asked->len;
	change_is_allowed(job, verb, resource, object, given, asked);
	for (gsize i = length; i < asked->len; i++)
		if (asked->str[i] == ')')
			g_string_prepend_c(asked, '('), i++;
	return denied(asked->str, error);
}

bool access_check_action(struct job *job, const char *action, const struct resource *resource,
			 const void *object, GError **error)
{
	const struct access *access = job_api(job)->access;
	const struct rule *rule = policy_find(access->policy, action);
	g_autofree char *name = g_strconcat("rule:", action, NULL);

	if (!rule)
		return access_check(job, VERB_UPDATE, resource, object, 0, error);
	if (ask_object(access, job, rule, job_caller(job), resource, object))
		return true;
	if (is_as_missing(job, resource, object))
		return resource_not_found(resource, ((const struct object *)object)->id, error);
	return denied(name, error);
}

bool access_check_tags(struct job *job, enum verb verb, const struct resource *resource,
		       const void *object, GError **error)
{
	g_autofree char *action =
		g_strdup_printf("%s_%s:tags", verbs[verb], resource_table(resource)->singular);

	return access_check_action(job, action, resource, object, error);
}

bool access_check_rule(const struct access *access, const struct caller *caller,
		       const char *rule, GError **error)
{
	const struct rule *found = policy_find(access->policy, rule);
	g_autofree char *name = g_strconcat("rule:", rule, NULL);

	if (!found)
		found = policy_get_default(access->policy);
	return rule_ask(found, &caller->creds, NULL) == ANSWER_YES || denied(name, error);
}

bool access_refuses(const struct access *access, const struct caller *caller, enum verb verb,
		    const struct resource *resource, const struct attr *attr)
{
	const struct rule *rule = access->kinds[resource_number(resource)]
					  ->attrs[verb][attr - resource_table(resource)->attrs];

	return rule && rule_ask(rule, &caller->creds, NULL) == ANSWER_NO;
}
