/*
 * The safe way to cJSON 1.7.15: case-sensitive look-ups only, whole input or nothing, numbers
 * within exact range. Included by the *_json.c codecs and nobody else.
 */
#pragma once

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Parses exactly length_bytes; NULL when they are not one JSON value. Trailing garbage, NUL bytes
 * and nesting deeper than 32 are refused before cJSON (which recurses up to 1000) sees them. A
 * `\u0000` in a string, where cJSON would end it, is read as U+FFFD.
 * The caller frees with cJSON_Delete.
 */
cJSON *json_parse(const char *text, size_t length_bytes);

/* The member `name` of an object, by exact name; NULL if absent or if object is no object. */
const cJSON *json_get(const cJSON *object, const char *name);

/* The member's string, or NULL if absent or of another type. Borrowed. */
const char *json_get_string(const cJSON *object, const char *name);

/* Whole numbers in ±2^53 only; false if absent, null, fractional or of another type. */
bool json_get_integer(const cJSON *object, const char *name, int64_t *ret_value);

/* false if absent or no boolean. */
bool json_get_bool(const cJSON *object, const char *name, bool *ret_value);

/*
 * Adders return false when memory is short. A NULL string and a negative "nullable" become null.
 * Strings must be UTF-8 already (cJSON prints bytes raw): pass outside text through
 * text_add_printable first.
 */
bool json_add_string(cJSON *object, const char *name, const char *value);
bool json_add_integer(cJSON *object, const char *name, int64_t value);
bool json_add_nullable(cJSON *object, const char *name, int64_t value);
bool json_add_bool(cJSON *object, const char *name, bool value);
/* Time as RFC 3339 text; negative becomes null. */
bool json_add_time(cJSON *object, const char *name, int64_t epoch_ms);
/* Adds item under name and takes it; false (item freed) if item is NULL or memory is short. */
bool json_add_item(cJSON *object, const char *name, cJSON *item);

/* RFC 3339 UTC text with ms, as json_add_time writes it, back to epoch ms; -1 for anything else. */
int64_t json_parse_time(const char *text);
