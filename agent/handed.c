/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/handed.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/ip.h"

#define DAY_MS 86400000 /* an age that nobody asks for more exactly */

/* After protocol and ends; in the order of the list. */
enum number {
	NUMBER_STATE,
	NUMBER_ORIGIN,
	NUMBER_FIN,
	NUMBER_IDLE,
	NUMBER_AGE,
	NUMBER_TX_PACKETS,
	NUMBER_TX_BYTES,
	NUMBER_RX_PACKETS,
	NUMBER_RX_BYTES,
	NUMBER_IDENTITY,
	NUMBER_RULE,
	NUMBERS,
};

#define ENDS 5 /* elements before them */

static const uint64_t most[NUMBERS] = {
	[NUMBER_STATE] = CONN_CLOSED,
	[NUMBER_ORIGIN] = 1,
	[NUMBER_FIN] = 3,
	[NUMBER_IDLE] = DAY_MS,
	[NUMBER_AGE] = INT64_MAX,
	[NUMBER_TX_PACKETS] = INT64_MAX,
	[NUMBER_TX_BYTES] = INT64_MAX,
	[NUMBER_RX_PACKETS] = INT64_MAX,
	[NUMBER_RX_BYTES] = INT64_MAX,
	[NUMBER_IDENTITY] = 0xffffff,
	[NUMBER_RULE] = UINT32_MAX,
};

static uint64_t ms_since(uint64_t now, uint64_t jiffies, uint32_t hz)
{
	return now > jiffies ? (now - jiffies) * 1000 / hz : 0;
}

static uint64_t jiffies_before(uint64_t now, uint64_t ms, uint32_t hz)
{
	uint64_t jiffies = ms / 1000 * hz + ms % 1000 * hz / 1000;

	return now > jiffies ? now - jiffies : 0;
}

static void append_end(json_t *out, const struct abi_ip *address, __be16 port)
{
	char text[IP_TEXT];
	struct ip ip;

	memcpy(ip.b, address->b, sizeof(ip.b));
	json_array_append_new(out, json_string(ip_print(ip, text)));
	json_array_append_new(out, json_integer(ntohs(port)));
}

json_t *handed_print(const struct conn_key *key, const struct conn_value *value, uint64_t now,
		     uint32_t hz)
{
	const uint64_t numbers[NUMBERS] = {
		[NUMBER_STATE] = MIN(value->state, CONN_CLOSED),
		[NUMBER_ORIGIN] = value->origin & 1,
		[NUMBER_FIN] = value->fin & 3,
		[NUMBER_IDLE] = MIN(ms_since(now, value->seen, hz), DAY_MS),
		[NUMBER_AGE] = ms_since(now, value->created, hz),
		[NUMBER_TX_PACKETS] = value->packets[0],
		[NUMBER_TX_BYTES] = value->bytes[0],
		[NUMBER_RX_PACKETS] = value->packets[1],
		[NUMBER_RX_BYTES] = value->bytes[1],
		[NUMBER_IDENTITY] = value->remote_identity & 0xffffff,
		[NUMBER_RULE] = value->rule,
	};
	json_t *out = json_array();

	json_array_append_new(out, json_integer(key->proto));
	append_end(out, &key->local, key->lport);
	append_end(out, &key->remote, key->rport);
	for (int i = 0; i < NUMBERS; i++)
		json_array_append_new(out, json_integer((json_int_t)numbers[i]));
	return out;
}

static bool read_number(const json_t *value, uint64_t max, uint64_t *out)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool read_end(const json_t *list, size_t at, struct abi_ip *address, __be16 *port)
{
	const char *text = json_string_value(json_array_get(list, at));
	uint64_t number;
	struct ip ip;

	if (!text || !ip_parse(text, &ip) ||
	    !read_number(json_array_get(list, at + 1), UINT16_MAX, &number))
		return false;
	memcpy(address->b, ip.b, sizeof(address->b));
	*port = htons((uint16_t)number);
	return true;
}

bool handed_parse(const json_t *text, uint64_t now, uint32_t hz, struct conn_key *key,
		  struct conn_value *value)
{
	uint64_t numbers[NUMBERS], proto;

	memset(key, 0, sizeof(*key));
	memset(value, 0, sizeof(*value));
	if (json_array_size(text) != ENDS + NUMBERS ||
	    !read_number(json_array_get(text, 0), 255, &proto) ||
	    !read_end(text, 1, &key->local, &key->lport) ||
	    !read_end(text, 3, &key->remote, &key->rport))
		return false;
	for (int i = 0; i < NUMBERS; i++)
		if (!read_number(json_array_get(text, ENDS + (size_t)i), most[i], &numbers[i]))
			return false;
	key->proto = (uint32_t)proto;
	value->state = (uint8_t)numbers[NUMBER_STATE];
	value->origin = (uint8_t)numbers[NUMBER_ORIGIN];
	value->fin = (uint8_t)numbers[NUMBER_FIN];
	value->seen = jiffies_before(now, numbers[NUMBER_IDLE], hz);
	value->created = jiffies_before(now, numbers[NUMBER_AGE], hz);
	value->packets[0] = numbers[NUMBER_TX_PACKETS];
	value->bytes[0] = numbers[NUMBER_TX_BYTES];
	value->packets[1] = numbers[NUMBER_RX_PACKETS];
	value->bytes[1] = numbers[NUMBER_RX_BYTES];
	value->remote_identity = (uint32_t)numbers[NUMBER_IDENTITY];
	value->rule = (uint32_t)numbers[NUMBER_RULE];
	return true;
}
