/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request that changes something. It is built against the cloud, committed as one
 * store transaction with everything it relied on as a requirement, and built again
 * when somebody else was faster. Jobs of this controller that want the same key wait
 * for each other instead of failing in the store.
 */
#pragma once

#include "api/caller.h"
#include "api/state.h"
#include "model/cloud.h"
#include "store/store.h"

struct job;

struct job_ops {
	/* Checks and changes, through the functions below only. Runs again on a conflict. */
	bool (*build)(struct job *job, GError **error);
	/* What would hold the loop for long is done in parts: after BUILD, called until there
	 * is no MORE. The cloud may be another one each time. NULL: nothing is long. */
	bool (*build_more)(struct job *job, bool *more, GError **error);
	/* Once: ERROR, or everything is durable and the job's objects are as committed. */
	void (*finish)(struct job *job, const GError *error);
	void (*free)(void *data);
};

/* Takes DATA. BUILD runs at once. */
void job_start(struct api *api, const struct caller *caller, const struct job_ops *ops,
	       void *data);

struct api *job_api(const struct job *job);
const struct caller *job_caller(const struct job *job);
void *job_data(const struct job *job);
struct cloud *job_cloud(const struct job *job);
int64_t job_now(const struct job *job); /* seconds since 1970, the same for all of it */

/* As the job sees it: its own changes first. NULL: not there, or deleted by it. */
const void *job_find(const struct job *job, enum kind kind, struct uuid id);
/* Takes a new object; its id, revision and times are set here. Borrowed back. */
void *job_add(struct job *job, enum kind kind, void *object);
/* With an id that several may make at the same time, of whom one does. */
void *job_add_as(struct job *job, enum kind kind, struct uuid id, void *object);
/* The same, whatever its project's quota says: it comes with what was asked for. */
void *job_add_free(struct job *job, enum kind kind, void *object);
/* For changing; revision_number grows. NULL: not there. */
void *job_edit(struct job *job, enum kind kind, struct uuid id);
void job_del(struct job *job, enum kind kind, struct uuid id);
/* Each object that the job creates, without those. */
void job_visit_new(const struct job *job,
		   void (*visit)(enum kind kind, const void *object, void *data), void *data);
/* The job's own new or changed objects of KIND, borrowed. */
GPtrArray *job_list_changed(const struct job *job, enum kind kind);

/* KEY is OWNER's alone. False when this very job has claimed it already. */
bool job_claim(struct job *job, const char *key, const char *owner);
void job_unclaim(struct job *job, const char *key);
bool job_has_claim(const struct job *job, const char *key);
/* KEY has VALUE from now on, whatever it had; NULL: it is gone. */
void job_set(struct job *job, const char *key, const char *value);
/* MARK is put, by however many at the same time, as long as there is no key ABSENT. */
void job_mark(struct job *job, const char *mark, const char *absent);
/* MARK is put, and nobody has put it since REVISION. */
void job_require_mark(struct job *job, const char *mark, uint64_t revision);
/* The object has one more child: whoever deletes it at the same time will notice. */
void job_guard(struct job *job, enum kind kind, struct uuid parent);
/* It has got no child since we looked, and gets none by this. */
void job_expect_guard(struct job *job, enum kind kind, struct uuid parent);
/* The object is as we see it now. */
void job_expect(struct job *job, enum kind kind, struct uuid id);
/* Both. */
void job_rely(struct job *job, enum kind kind, struct uuid parent);
/* ... and nobody has got one since we looked: one job at a time, on any controller. */
void job_take_turn(struct job *job, enum kind kind, struct uuid parent);
/* The object is deleted and must not have got a child since we looked. */
void job_close_guard(struct job *job, enum kind kind, struct uuid parent);

/* Addresses taken for the time of the job. False: in use, or exhausted. */
bool job_reserve_ip(struct job *job, struct uuid subnet, struct ip ip);
bool job_pick_ip(struct job *job, struct uuid subnet, struct ip *out);

/* The identity of LABEL (security_print_label), allocated when it has none. 0: all are taken. */
uint32_t job_get_identity(struct job *job, const char *label);
/* The security group goes, and with it the identities of its members, of whom there are none. */
void job_free_identities(struct job *job, struct uuid group);
