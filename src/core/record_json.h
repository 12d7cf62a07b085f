/*
 * Structs as JSON objects, by tables of their fields. One table serves both directions, so encoder
 * and decoder cannot disagree, and a new field is one line.
 *
 * "Unknown" is -1 for numbers and NULL for strings, and null in JSON; a decoded object must have
 * every field of its table, others are passed over (a newer server may say more).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct cJSON;

/* The words of an enum whose values are 0 … count-1; or of a bool, count 2. */
struct record_words {
	const char *(*to_string)(unsigned value);
	unsigned count;
};

enum record_kind {
	RECORD_KIND_STRING,          /* const char *; may be null */
	RECORD_KIND_NAME,            /* const char *; never null */
	RECORD_KIND_STRINGS,         /* struct snapshot_strings; never null */
	RECORD_KIND_STRINGS_OR_NULL, /* struct snapshot_strings; items NULL is null */
	RECORD_KIND_INTEGER,         /* int64_t, not negative; may be null */
	RECORD_KIND_TIME,            /* int64_t, ms since 1970; may be null */
	RECORD_KIND_FLAG,            /* int64_t, 1 or 0; may be null */
	RECORD_KIND_BOOL,            /* bool */
	RECORD_KIND_CHOICE,          /* bool, as one of two words */
	RECORD_KIND_WORD,            /* an enum, as a word */
	RECORD_KIND_OBJECT,          /* a struct within, by a table of its own */
	RECORD_KIND_LIST_OR_NULL,    /* struct snapshot_list of such structs; items NULL is null */
};

/* A table ends with a field without a name. */
struct record_field {
	const char *name;
	enum record_kind kind;
	size_t offset;
	const struct record_words *words;
	const struct record_field *fields;
	size_t size;                         /* of one item of a list */
	bool (*is_null)(const void *object); /* NULL: an object that is never null */
};

#define RECORD(type, kind_, name_, member) \
	{ \
		.name = (name_), .kind = RECORD_KIND_##kind_, .offset = offsetof(type, member) \
	}
#define RECORD_WORD(type, kind_, name_, member, words_) \
	{ \
		.name = (name_), .kind = RECORD_KIND_##kind_, .offset = offsetof(type, member), \
		.words = (words_) \
	}
#define RECORD_OBJECT(type, name_, member, fields_, is_null_) \
	{ \
		.name = (name_), .kind = RECORD_KIND_OBJECT, .offset = offsetof(type, member), \
		.fields = (fields_), .is_null = (is_null_) \
	}

#define RECORD_LIST(type, name_, member, fields_, size_) \
	{ \
		.name = (name_), .kind = RECORD_KIND_LIST_OR_NULL, \
		.offset = offsetof(type, member), .fields = (fields_), .size = (size_) \
	}

/* Adds the fields to an object that has others too; false when memory is short. */
bool record_add(struct cJSON *object, const struct record_field *fields, const void *record);

/* A new object, or a new array of `count` of them, `size` bytes apart; NULL: memory is short. */
struct cJSON *record_to_json(const struct record_field *fields, const void *record);
struct cJSON *record_list_to_json(
    const struct record_field *fields, const void *records, size_t count, size_t size);

/*
 * Reads an object into *ret_record, whose strings are borrowed from it. 0; -EINVAL with the path
 * of the field that is missing or wrong; -ENOMEM. In each case the caller ends with record_deinit.
 */
int record_from_json(const struct record_field *fields, const struct cJSON *object,
    void *ret_record, struct error *error);

/* Frees the lists of strings that reading has made. Harmless on a zeroed record, and twice. */
void record_deinit(const struct record_field *fields, void *record);

/*
 * The same for an array called `name`; nothing to free on failure, else the caller ends with
 * record_list_free.
 */
int record_list_from_json(const struct record_field *fields, const struct cJSON *array,
    const char *name, size_t size, void **ret_records, size_t *ret_count, struct error *error);
void record_list_free(const struct record_field *fields, void *records, size_t count, size_t size);
