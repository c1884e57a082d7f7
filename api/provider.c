/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service providers: Weft routes, and there is nobody else to choose.
 */
#include "api/provider.h"

#include <string.h>

#include "api/access.h"
#include "api/made.h"
#include "api/reply.h"
#include "model/flavor.h"

struct provider {
	char *service_type, *name;
	bool is_default;
};

static const struct provider providers[] = {
	{(char *)"L3_ROUTER_NAT", (char *)PROVIDER_NAME, true},
};

#define SEEN (ATTR_VISIBLE | ATTR_FILTER | ATTR_SORT)

static const struct attr_table provider_table = {
	.singular = "service_provider",
	.plural = "service_providers",
	.title = "ServiceProvider",
	.size = sizeof(struct provider),
	.attrs =
		(const struct attr[]){
			{.name = "service_type",
			 .type = ATTR_STRING,
			 .flags = SEEN,
			 .offset = offsetof(struct provider, service_type),
			 .help = "what it does"},
			{.name = "name",
			 .type = ATTR_STRING,
			 .flags = SEEN,
			 .offset = offsetof(struct provider, name),
			 .help = "who does it"},
			{.name = "default",
			 .type = ATTR_BOOL,
			 .flags = SEEN,
			 .offset = offsetof(struct provider, is_default),
			 .help = "unless another one is asked for"},
			{.name = NULL},
		},
	.help = "Who does what.",
};

void provider_serve(const struct ask *ask)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	gsize size;

	if (ask->id || strcmp(ask->question->method, "GET") != 0) {
		reply_no_resource(ask->request);
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(providers); i++)
		g_ptr_array_add(list, (void *)&providers[i]);
	if (access_check_rule(ask->api->access, ask->caller, "get_service_provider", &error))
		text = made_list(&provider_table, list, NULL, ask->question, &size, &error);
	if (text)
		reply_json(ask->request, 200, text, size);
	else
		reply_error(ask->request, error);
}
