/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every program tells of its process, under the names that Prometheus' own client
 * libraries use.
 */
#pragma once

#include "lib/metric.h"

/* The first rows of a program's table. */
#define METRIC_PROCESS(X)                                                                      \
	X(BUILD_INFO, "weft_build_info", GAUGE, "program,version", "Always 1")                 \
	X(CPU, "process_cpu_seconds_total", COUNTER, NULL, "User and system CPU time")         \
	X(RESIDENT, "process_resident_memory_bytes", GAUGE, NULL, "Resident memory")           \
	X(VIRTUAL, "process_virtual_memory_bytes", GAUGE, NULL, "Virtual memory")              \
	X(START, "process_start_time_seconds", GAUGE, NULL,                                    \
	  "Start of the process, in seconds since 1970")                                       \
	X(OPEN_FDS, "process_open_fds", GAUGE, NULL, "Open file descriptors")                  \
	X(MAX_FDS, "process_max_fds", GAUGE, NULL, "Most file descriptors it may open")        \
	X(REFUSED, "weft_metrics_refused_total", COUNTER, NULL,                                \
	  "Samples left out because their metric had too many series")

/* Sets all of them as they are now. */
void metric_process_collect(struct metrics *metrics, const char *program);
