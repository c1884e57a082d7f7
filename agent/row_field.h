/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes of a row: a table says name, reader and place; the readers check type and
 * range. Every list has a bound that is checked before it is believed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

#define ROW_VNI_MAX	 0xffffffu
#define ROW_IDENTITY_MAX 0xffffffu
#define ROW_ROUTER_MAX	 0x0fffffffu /* what a place can hold */
#define ROW_LIST_MAX	 4096	     /* elements of any list */
#define ROW_SET_MAX	 96	     /* bytes of a set's name */

/* Reads VALUE to OUT, which is zeroed; the error says only what is wrong with the value. */
typedef bool (*row_reader)(json_t *value, void *out, GError **error);

struct row_field {
	const char *name; /* NULL: the end of the table */
	row_reader read;
	bool required;
	gsize offset;
};

/* All of VALUE by FIELDS into the struct at BASE; what is in no field is refused. */
bool row_fields_read(const struct row_field *fields, json_t *value, void *base, GError **error);

/* A list of what READ reads, SIZE bytes each, into two members: the array, owned, and the count. */
bool row_read_list(json_t *value, row_reader read, gsize size, void *out, GError **error);

bool row_read_bool(json_t *value, void *out, GError **error);	  /* bool */
bool row_read_vni(json_t *value, void *out, GError **error);	  /* uint32_t */
bool row_read_identity(json_t *value, void *out, GError **error); /* uint32_t */
bool row_read_mtu(json_t *value, void *out, GError **error);	  /* uint32_t */
bool row_read_ip(json_t *value, void *out, GError **error);	  /* struct ip */
bool row_read_mac(json_t *value, void *out, GError **error);	  /* struct mac, unicast */
bool row_read_prefix(json_t *value, void *out, GError **error);	  /* struct prefix */
bool row_read_uuid(json_t *value, void *out, GError **error);	  /* struct uuid */
bool row_read_name(json_t *value, void *out, GError **error);	  /* const char *, interned */
bool row_read_text(json_t *value, void *out, GError **error);	  /* char *, owned */
bool row_read_set(json_t *value, void *out, GError **error); /* char *, owned: a set's name */
bool row_read_ips(json_t *value, void *out, GError **error); /* struct row_location */
bool row_read_addresses(json_t *value, void *out, GError **error); /* struct row_interface */
bool row_read_pairs(json_t *value, void *out, GError **error);	   /* pairs, pair_count */
bool row_read_logs(json_t *value, void *out, GError **error);	   /* logs, log_count */
bool row_read_leases(json_t *value, void *out, GError **error);	   /* leases, lease_count */
bool row_read_service(json_t *value, void *out, GError **error);   /* struct dhcp6_service * */
bool row_read_ra(json_t *value, void *out, GError **error);	   /* struct ra_config * */
