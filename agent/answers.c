/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/answers.h"

#include <stdlib.h>

#include "agent/agent.h"
#include "agent/flow_filter.h"
#include "agent/flows.h"
#include "lib/error.h"
#include "lib/http_client.h"
#include "lib/log.h"

#define MODULE	    "answers"
#define ANSWERS_MAX 8	  /* at a time: each may be megabytes */
#define CONNS_MAX   10000 /* of an answer */

/* Owned by the list. */
struct answer {
	struct answers *all;
	char *id;
	char *body;	  /* NULL: the table is still being read */
	unsigned int nth; /* controller */
	struct http_call *call;
};

struct answers {
	struct agent *agent;
	GPtrArray *list; /* struct answer */
};

static void answer_free(gpointer data)
{
	struct answer *answer = data;

	if (answer->call)
		http_call_cancel(answer->call);
	free(answer->body);
	g_free(answer->id);
	g_free(answer);
}

static void answer_send(struct answer *answer);

static void answer_sent(const struct http_answer *reply, const GError *error, void *data)
{
	struct answer *answer = data;
	struct agent *agent = answer->all->agent;

	answer->call = NULL;
	if (reply && reply->status == 200) {
		g_ptr_array_remove_fast(answer->all->list, answer);
		return;
	}
	/* Who waits is at one of the others; or waits no longer. */
	if (++answer->nth < feed_count_controllers(agent->feed)) {
		answer_send(answer);
		return;
	}
	log_info(MODULE, "%s: question %.64s: nobody takes the answer: %.256s",
		 agent->options->host, answer->id, reply ? reply->body : error->message);
	g_ptr_array_remove_fast(answer->all->list, answer);
}

static void answer_send(struct answer *answer)
{
	answer->call = feed_send(answer->all->agent->feed, "answer", answer->nth, answer->body,
				 answer_sent, answer);
}

static void answer_listed(json_t *list, bool truncated, void *data)
{
	struct answer *answer = data;
	json_auto_t *body = json_pack("{s:s,s:O,s:b}", "id", answer->id, "flows", list,
				      "truncated", truncated);

	answer->body = json_dumps(body, JSON_COMPACT);
	answer_send(answer);
}

static void answer_refuse(struct answer *answer, const GError *error)
{
	json_auto_t *body = json_pack("{s:s,s:s}", "id", answer->id, "error", error->message);

	answer->body = json_dumps(body, JSON_COMPACT);
	answer_send(answer);
}

static bool question_read(const json_t *question, struct flow_filter *out, GError **error)
{
	const char *text = json_string_value(json_object_get(question, "address"));

	*out = (struct flow_filter){
		.state = FLOW_ANY_STATE, .has_address = true, .limit = CONNS_MAX};
	if (text && prefix_parse(text, false, &out->address))
		return true;
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID,
		    "question: address: '%.64s' is not an address", text ? text : "");
	return false;
}

void answers_take(struct answers *answers, const char *id, const json_t *question)
{
	g_autoptr(GError) error = NULL;
	struct flow_filter filter;
	struct answer *answer;

	/* unanswered, it is given up in seconds */
	if (answers->list->len >= ANSWERS_MAX) {
		log_warn(MODULE, "%s: question %.64s: %d are being answered already",
			 answers->agent->options->host, id, ANSWERS_MAX);
		return;
	}
	answer = g_new0(struct answer, 1);
	answer->all = answers;
	answer->id = g_strdup(id);
	g_ptr_array_add(answers->list, answer);
	if (!question_read(question, &filter, &error) ||
	    !flows_walk(answers->agent->flows, &filter, answer_listed, answer, &error))
		answer_refuse(answer, error);
}

struct answers *answers_new(struct agent *agent)
{
	struct answers *answers = g_new0(struct answers, 1);

	answers->agent = agent;
	answers->list = g_ptr_array_new_with_free_func(answer_free);
	return answers;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	g_ptr_array_unref(answers->list);
	g_free(answers);
}
