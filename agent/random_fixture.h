/* SPDX-License-Identifier: Apache-2.0 */
/* Random rows of all tables, few enough names that they meet. */
#pragma once

#define HOSTS 4 /* "me" and three others */
#define VNIS  3
#define MACS  5
#define PORTS 6

int pick(int count); /* 0 .. count - 1 */
char *port_id(int port);
/* "TABLE KEY", and its value into *TEXT; both owned. */
char *random_row(char **text);
