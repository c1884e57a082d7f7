/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table of entries, one of what there is to know about them. Durability is here: WAL
 * with synchronous=FULL flushes at each commit.
 */
#include "store/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "lib/error.h"
#include "store/schema.h"

#define APPLICATION 0x57656674 /* "Weft" */

static const char *const statement_texts[] = {
#define X(id, text) [SQL_##id] = text,
	STATEMENTS(X)
#undef X
};

/* SQLite says "disk I/O error"; the system knew more, about the file or about its log. 0: no. */
static int file_get_errno(struct sqlite_file *file)
{
	sqlite3_file *log = NULL;
	int number = 0;

	if ((sqlite3_errcode(file->db) & 0xff) != SQLITE_IOERR)
		return 0;
	sqlite3_file_control(file->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log && log->pMethods)
		log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
	if (!number)
		sqlite3_file_control(file->db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
	return number;
}

bool sqlite_file_fail(struct sqlite_file *file, const char *what, GError **error)
{
	int number = file_get_errno(file);

	g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "cannot %s: %s%s%s%s", what,
		    sqlite3_errmsg(file->db), number ? " (" : "",
		    number ? g_strerror(number) : "", number ? ")" : "");
	return false;
}

bool sqlite_file_run(struct sqlite_file *file, enum statement id, GError **error)
{
	sqlite3_stmt *statement = file->statements[id];
	int result = sqlite3_step(statement);

	if (result != SQLITE_DONE)
		sqlite_file_fail(file, "write", error);
	sqlite3_reset(statement);
	return result == SQLITE_DONE;
}

static bool file_exec(struct sqlite_file *file, const char *text, GError **error)
{
	if (sqlite3_exec(file->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return sqlite_file_fail(file, "open", error);
}

static int file_get_pragma(struct sqlite_file *file, const char *text)
{
	sqlite3_stmt *statement;
	int value = -1;

	if (sqlite3_prepare_v2(file->db, text, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static bool file_create(struct sqlite_file *file, GError **error)
{
	char epoch[UUID_TEXT];
	g_autofree char *text = g_strdup_printf(
		"BEGIN;"
		"CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		"CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB NOT NULL,"
		" revision INTEGER NOT NULL) WITHOUT ROWID;"
		"INSERT INTO meta VALUES ('revision', 0), ('epoch', '%s');"
		"PRAGMA application_id = %d; PRAGMA user_version = %d;"
		"COMMIT",
		uuid_print(uuid_new(), epoch), APPLICATION, STORE_SCHEMA);

	return file_exec(file, text, error);
}

static bool file_upgrade(struct sqlite_file *file, int schema, GError **error)
{
	g_autofree char *text = g_strdup_printf("PRAGMA user_version = %d", STORE_SCHEMA);

	if (!schema_check((unsigned int)schema, error))
		return false;
	if (schema == STORE_SCHEMA || sqlite3_db_readonly(file->db, "main") > 0)
		return true;
	file->upgraded_from = schema;
	return file_exec(file, text, error);
}

/* An empty file is made ours; a file of somebody else is left alone. */
static bool file_check_schema(struct sqlite_file *file, GError **error)
{
	int application = file_get_pragma(file, "PRAGMA application_id");
	int schema = file_get_pragma(file, "PRAGMA user_version");
	int tables = file_get_pragma(file, "SELECT count(*) FROM sqlite_master");

	if (application == 0 && schema == 0 && tables == 0)
		return file_create(file, error);
	if (application == APPLICATION && tables >= 0)
		return file_upgrade(file, schema, error);
	if (tables < 0)
		return sqlite_file_fail(file, "open", error);
	g_set_error(error, WEFT_ERROR, WEFT_ERROR_INVALID, "not a weft store (schema %d)",
		    schema);
	return false;
}

static bool file_read_meta(struct sqlite_file *file, GError **error)
{
	sqlite3_stmt *statement = file->statements[SQL_META];
	bool good;

	sqlite3_bind_text(statement, 1, "revision", -1, SQLITE_STATIC);
	good = sqlite3_step(statement) == SQLITE_ROW;
	file->revision = good ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
	sqlite3_reset(statement);
	sqlite3_bind_text(statement, 1, "epoch", -1, SQLITE_STATIC);
	good = good && sqlite3_step(statement) == SQLITE_ROW;
	if (good)
		g_strlcpy(file->epoch, (const char *)sqlite3_column_text(statement, 0),
			  sizeof(file->epoch));
	else
		sqlite_file_fail(file, "read", error);
	sqlite3_reset(statement);
	return good;
}

static bool file_prepare_statements(struct sqlite_file *file, GError **error)
{
	for (unsigned int i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v3(file->db, statement_texts[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &file->statements[i],
				       NULL) != SQLITE_OK)
			return sqlite_file_fail(file, "open", error);
	return file_read_meta(file, error);
}

/* EXCLUSIVE: a second process is refused at once, and the WAL needs no shared memory. */
static bool file_prepare(struct sqlite_file *file, GError **error)
{
	if (sqlite3_db_readonly(file->db, "main") > 0) {
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_UNAVAILABLE, "cannot be written");
		return false;
	}
	return file_exec(file,
			 "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
			 "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
			 "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;"
			 "BEGIN IMMEDIATE; COMMIT",
			 error) &&
	       file_check_schema(file, error) && file_prepare_statements(file, error);
}

bool sqlite_file_open(struct sqlite_file *file, const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	if (strcmp(path, ":memory:") != 0)
		g_mkdir_with_parents(folder, 0700);
	if (sqlite3_open(path, &file->db) != SQLITE_OK)
		sqlite_file_fail(file, "open", error);
	else if (file_prepare(file, error))
		return true;
	sqlite_file_close(file);
	return false;
}

/* Who has it open holds a lock on it (EXCLUSIVE, above) to its end. */
static bool file_check_unused(const char *path, GError **error)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0;

	if (!good)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_NOT_FOUND, "cannot open: %s",
			    g_strerror(errno));
	else if (lock.l_type != F_UNLCK)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_CONFLICT, "in use by process %d",
			    (int)lock.l_pid);
	good = good && lock.l_type == F_UNLCK;
	if (fd >= 0)
		close(fd);
	return good;
}

static bool file_check_pages(struct sqlite_file *file, GError **error)
{
	sqlite3_stmt *statement;
	const char *said = NULL;

	if (sqlite3_prepare_v2(file->db, "PRAGMA quick_check(1)", -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		said = (const char *)sqlite3_column_text(statement, 0);
	if (g_strcmp0(said, "ok") != 0)
		g_set_error(error, WEFT_ERROR, WEFT_ERROR_INTERNAL, "damaged: %s",
			    said ? said : sqlite3_errmsg(file->db));
	sqlite3_finalize(statement);
	return !*error;
}

/* Without shared memory (EXCLUSIVE) and without locks (unix-none) a write-ahead log is read
 * where it lies. */
bool sqlite_file_open_reading(struct sqlite_file *file, const char *path, GError **error)
{
	GError *bad = NULL;

	if (!file_check_unused(path, error))
		return false;
	if (sqlite3_open_v2(path, &file->db, SQLITE_OPEN_READONLY, "unix-none") != SQLITE_OK)
		sqlite_file_fail(file, "open", &bad);
	else if (file_exec(file, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA query_only = 1",
			   &bad) &&
		 file_check_schema(file, &bad) && file_check_pages(file, &bad) &&
		 file_prepare_statements(file, &bad))
		return true;
	g_propagate_error(error, bad);
	sqlite_file_close(file);
	return false;
}

void sqlite_file_close(struct sqlite_file *file)
{
	for (unsigned int i = 0; i < SQL_COUNT; i++)
		g_clear_pointer(&file->statements[i], sqlite3_finalize);
	g_clear_pointer(&file->db, sqlite3_close);
}
