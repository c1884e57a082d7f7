/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row and tap come in any order; whichever is the second attaches. The name says whose the tap
 * is, and a port of this host is nobody else's.
 */
#include "agent/taps.h"

#include <string.h>

#include "agent/agent.h"
#include "agent/links.h"
#include "agent/ports.h"
#include "lib/log.h"

#define MODULE	  "port"
#define PREFIX	  "tap"
#define ID_LENGTH 11 /* characters of the id, its first dash among them */

struct taps {
	struct agent *agent;
	GArray *noted;	    /* struct uuid: rows that came since the last apply */
	GHashTable *let_go; /* port, owned -> ifindex */
};

struct taps *taps_new(struct agent *agent)
{
	struct taps *taps = g_new0(struct taps, 1);

	taps->agent = agent;
	taps->noted = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	taps->let_go = g_hash_table_new_full(uuid_hash, uuid_same, g_free, NULL);
	return taps;
}

void taps_free(struct taps *taps)
{
	if (!taps)
		return;
	g_array_unref(taps->noted);
	g_hash_table_unref(taps->let_go);
	g_free(taps);
}

void taps_print_name(struct uuid port, char *name)
{
	char text[UUID_TEXT];

	uuid_print(port, text);
	text[ID_LENGTH] = '\0';
	g_strlcpy(name, PREFIX, LINK_NAME);
	g_strlcat(name, text, LINK_NAME);
}

void taps_let_go(struct taps *taps, struct uuid port, const struct link *link)
{
	char name[LINK_NAME];

	taps_print_name(port, name);
	if (strcmp(name, link->name) == 0)
		g_hash_table_replace(taps->let_go, g_memdup2(&port, sizeof(port)),
				     GUINT_TO_POINTER(link->ifindex));
}

static bool tap_is_let_go(struct taps *taps, struct uuid port, uint32_t ifindex)
{
	if (GPOINTER_TO_UINT(g_hash_table_lookup(taps->let_go, &port)) == ifindex)
		return true;
	g_hash_table_remove(taps->let_go, &port); /* another device by the same name */
	return false;
}

static void tap_attach(struct taps *taps, struct uuid port, uint32_t ifindex, const char *name)
{
	const struct ports_place place = {.name = name};
	GError *error = NULL;

	if (tap_is_let_go(taps, port, ifindex) ||
	    ports_attach(taps->agent->ports, port, &place, &error))
		return;
	log_error(MODULE, "%s", error->message);
	g_error_free(error);
}

/* The tap of PORT, if it is here and the port has no device. */
static void tap_look(struct taps *taps, struct uuid port)
{
	char name[LINK_NAME];
	struct link link = {0};

	taps_print_name(port, name);
	if (state_find_port(taps->agent->state, port) &&
	    !ports_find(taps->agent->ports, port) &&
	    links_find(taps->agent->netlink, name, &link) && strcmp(link.kind, "tun") == 0)
		tap_attach(taps, port, link.ifindex, name);
}

void taps_note_row(struct taps *taps, struct uuid port)
{
	if (!ports_find(taps->agent->ports, port))
		g_array_append_val(taps->noted, port);
}

/* An attach applies, and so calls us again. */
void taps_rows_applied(struct taps *taps)
{
	g_autoptr(GArray) noted = NULL;

	if (!taps || !taps->noted->len || !state_is_full(taps->agent->state))
		return;
	noted = g_steal_pointer(&taps->noted);
	taps->noted = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	for (guint i = 0; i < noted->len; i++)
		tap_look(taps, g_array_index(noted, struct uuid, i));
}

static void look_for_all(struct taps *taps)
{
	g_autoptr(GPtrArray) ports = state_list_ports(taps->agent->state);

	for (guint i = 0; i < ports->len; i++)
		taps_note_row(taps, ((const struct row_port *)ports->pdata[i])->id);
	taps_rows_applied(taps);
}

void taps_link_seen(struct taps *taps, uint32_t ifindex, const char *name)
{
	g_autoptr(GPtrArray) ports = NULL;
	char wanted[LINK_NAME];

	if (!taps || !state_is_full(taps->agent->state))
		return;
	if (!ifindex) {
		look_for_all(taps);
		return;
	}
	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 ||
	    strlen(name) != strlen(PREFIX) + ID_LENGTH ||
	    ports_has_link(taps->agent->ports, ifindex))
		return;
	ports = state_list_ports(taps->agent->state);
	for (guint i = 0; i < ports->len; i++) {
		struct uuid id = ((const struct row_port *)ports->pdata[i])->id;

		taps_print_name(id, wanted);
		if (strcmp(wanted, name) != 0)
			continue;
		tap_look(taps, id);
		return;
	}
}
