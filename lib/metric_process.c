/* SPDX-License-Identifier: Apache-2.0 */
/* From /proc/self; what cannot be read is left as it was. */
#include "lib/metric_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
#define X(id, name, type, labels, help) PROCESS_##id,
	METRIC_PROCESS(X)
#undef X
};

/* Fields of /proc/self/stat, counted from 1 (proc_pid_stat(5)). */
#define FIELD_UTIME 14
#define FIELD_STIME 15
#define FIELD_START 22
#define FIELD_VSIZE 23
#define FIELD_RSS   24
#define FIELDS	    25

static bool stat_read(double *fields)
{
	g_autofree char *text = NULL;
	char *at;

	if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL))
		return false;
	/* The name may hold anything, and ends with the last parenthesis. */
	at = strrchr(text, ')');
	for (unsigned int i = 3; at && i < FIELDS; i++) {
		at = strchr(at + 1, ' ');
		fields[i] = at ? g_ascii_strtod(at + 1, NULL) : 0;
	}
	return at != NULL;
}

/* Seconds since 1970 at which the machine's clock of /proc began; 0: not known. */
static double boot_time_read(void)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents("/proc/stat", &text, NULL, NULL))
		return 0;
	at = strstr(text, "\nbtime ");
	return at ? g_ascii_strtod(at + strlen("\nbtime "), NULL) : 0;
}

static double files_count(void)
{
	GDir *folder = g_dir_open("/proc/self/fd", 0, NULL);
	double count = -1; /* the folder itself */

	if (!folder)
		return 0;
	while (g_dir_read_name(folder))
		count++;
	g_dir_close(folder);
	return count;
}

void metric_process_collect(struct metrics *metrics, const char *program)
{
	const char *build[] = {program, WEFT_VERSION};
	double fields[FIELDS] = {0}, hz = (double)sysconf(_SC_CLK_TCK);
	struct rlimit limit;

	metrics_set(metrics, PROCESS_BUILD_INFO, build, 1);
	if (stat_read(fields)) {
		metrics_set(metrics, PROCESS_CPU, NULL,
			    (fields[FIELD_UTIME] + fields[FIELD_STIME]) / hz);
		metrics_set(metrics, PROCESS_VIRTUAL, NULL, fields[FIELD_VSIZE]);
		metrics_set(metrics, PROCESS_RESIDENT, NULL,
			    fields[FIELD_RSS] * (double)sysconf(_SC_PAGESIZE));
		metrics_set(metrics, PROCESS_START, NULL,
			    boot_time_read() + fields[FIELD_START] / hz);
	}
	metrics_set(metrics, PROCESS_OPEN_FDS, NULL, files_count());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		metrics_set(metrics, PROCESS_MAX_FDS, NULL, (double)limit.rlim_cur);
	metrics_set(metrics, PROCESS_REFUSED, NULL, (double)metrics_get_refused(metrics));
}
