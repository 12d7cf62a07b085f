#include "core/record_json.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/snapshot.h"

/* ---- to JSON ---- */

static cJSON *strings_to_json(const struct snapshot_strings *strings)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < strings->count; i++) {
		cJSON *item = cJSON_CreateString(strings->items[i]);

		if (!item || !cJSON_AddItemToArray(array, item)) {
			cJSON_Delete(item);
			cJSON_Delete(array);
			return NULL;
		}
	}
	return array;
}

static bool object_add(cJSON *object, const struct record_field *field, const void *value)
{
	if (field->is_null && field->is_null(value))
		return json_add_string(object, field->name, NULL);
	return json_add_item(object, field->name, record_to_json(field->fields, value));
}

/*
 * As text: cJSON prints a number through "%1.15g" and reads it back to see whether that was enough,
 * which for a reply of a thousand services takes longer than all the rest.
 */
static bool integer_add(cJSON *object, const char *name, int64_t value)
{
	char digits[24];

	if (value < 0)
		return json_add_string(object, name, NULL);
	snprintf(digits, sizeof(digits), "%lld", (long long)value);
	return json_add_item(object, name, cJSON_CreateRaw(digits));
}

static bool flag_add(cJSON *object, const char *name, int64_t flag)
{
	return flag < 0 ? json_add_string(object, name, NULL) : json_add_bool(object, name, flag);
}

static bool list_add(
    cJSON *object, const struct record_field *field, const struct snapshot_list *list)
{
	if (!list->items)
		return json_add_string(object, field->name, NULL);
	return json_add_item(object, field->name,
	    record_list_to_json(field->fields, list->items, list->count, field->size));
}

static bool field_add(cJSON *object, const struct record_field *field, const void *record)
{
	const void *value = (const char *)record + field->offset;
	const struct snapshot_strings *strings = value;

	switch (field->kind) {
	case RECORD_KIND_STRINGS_OR_NULL:
		if (!strings->items)
			return json_add_string(object, field->name, NULL);
		return json_add_item(object, field->name, strings_to_json(strings));
	case RECORD_KIND_STRINGS:
		return json_add_item(object, field->name, strings_to_json(strings));
	case RECORD_KIND_STRING:
	case RECORD_KIND_NAME:
		return json_add_string(object, field->name, *(const char *const *)value);
	case RECORD_KIND_INTEGER: return integer_add(object, field->name, *(const int64_t *)value);
	case RECORD_KIND_TIME: return json_add_time(object, field->name, *(const int64_t *)value);
	case RECORD_KIND_FLAG: return flag_add(object, field->name, *(const int64_t *)value);
	case RECORD_KIND_BOOL: return json_add_bool(object, field->name, *(const bool *)value);
	case RECORD_KIND_CHOICE:
		return json_add_string(
		    object, field->name, field->words->to_string(*(const bool *)value));
	case RECORD_KIND_WORD:
		return json_add_string(
		    object, field->name, field->words->to_string(*(const unsigned *)value));
	case RECORD_KIND_OBJECT: return object_add(object, field, value);
	case RECORD_KIND_LIST_OR_NULL: return list_add(object, field, value);
	}
	return false;
}

bool record_add(cJSON *object, const struct record_field *fields, const void *record)
{
	for (const struct record_field *field = fields; field->name; field++) {
		if (!field_add(object, field, record))
			return false;
	}
	return true;
}

cJSON *record_to_json(const struct record_field *fields, const void *record)
{
	cJSON *object = cJSON_CreateObject();

	if (object && record_add(object, fields, record))
		return object;
	cJSON_Delete(object);
	return NULL;
}

cJSON *record_list_to_json(
    const struct record_field *fields, const void *records, size_t count, size_t size)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < count; i++) {
		cJSON *item = record_to_json(fields, (const char *)records + i * size);

		if (!item || !cJSON_AddItemToArray(array, item)) {
			cJSON_Delete(item);
			cJSON_Delete(array);
			return NULL;
		}
	}
	return array;
}

/* ---- from JSON ---- */

static int wrong(const struct record_field *field, const char *wanted, struct error *error)
{
	return error_set(error, -EINVAL, "%s: %s", field->name, wanted);
}

static int strings_from_json(const struct record_field *field, const cJSON *array,
    struct snapshot_strings *ret_strings, struct error *error)
{
	size_t count = 0;
	const cJSON *item;
	const char **items;

	if (!cJSON_IsArray(array))
		return wrong(field, "not a list", error);
	/* One more: an empty list is not the same as none. */
	items = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof(*items));
	if (!items)
		return error_set(error, -ENOMEM, "no memory");
	cJSON_ArrayForEach(item, array)
	{
		if (!cJSON_IsString(item)) {
			free(items);
			return wrong(field, "not a list of strings", error);
		}
		items[count++] = item->valuestring;
	}
	*ret_strings = (struct snapshot_strings){ items, count };
	return 0;
}

static int integer_from_json(
    const struct record_field *field, const cJSON *object, int64_t *ret_value, struct error *error)
{
	int64_t value;

	if (!json_get_integer(object, field->name, &value) || value < 0)
		return wrong(field, "not a whole number", error);
	*ret_value = value;
	return 0;
}

static int time_from_json(
    const struct record_field *field, const cJSON *item, int64_t *ret_ms, struct error *error)
{
	int64_t ms = cJSON_IsString(item) ? json_parse_time(item->valuestring) : -1;

	if (ms < 0)
		return wrong(field, "not a time", error);
	*ret_ms = ms;
	return 0;
}

static int word_from_json(
    const struct record_field *field, const cJSON *item, unsigned *ret_value, struct error *error)
{
	for (unsigned i = 0; cJSON_IsString(item) && i < field->words->count; i++) {
		if (strcmp(field->words->to_string(i), item->valuestring) == 0) {
			*ret_value = i;
			return 0;
		}
	}
	return wrong(field, "not one of its words", error);
}

/* What null means; -EINVAL where it may not stand. */
static int null_from_json(const struct record_field *field, void *value, struct error *error)
{
	switch (field->kind) {
	case RECORD_KIND_STRING: *(const char **)value = NULL; return 0;
	case RECORD_KIND_INTEGER:
	case RECORD_KIND_TIME:
	case RECORD_KIND_FLAG: *(int64_t *)value = -1; return 0;
	case RECORD_KIND_STRINGS_OR_NULL:
		*(struct snapshot_strings *)value = (struct snapshot_strings){ NULL, 0 };
		return 0;
	case RECORD_KIND_OBJECT:
		if (!field->is_null)
			break;
		/* Words stay 0: the enums of objects that may be null begin with "none". */
		for (const struct record_field *part = field->fields; part->name; part++)
			(void)null_from_json(part, (char *)value + part->offset, NULL);
		return 0;
	case RECORD_KIND_LIST_OR_NULL:
		*(struct snapshot_list *)value = (struct snapshot_list){ NULL, 0 };
		return 0;
	case RECORD_KIND_NAME:
	case RECORD_KIND_STRINGS:
	case RECORD_KIND_BOOL:
	case RECORD_KIND_CHOICE:
	case RECORD_KIND_WORD: break;
	}
	return wrong(field, "null", error);
}

static int bool_from_json(
    const struct record_field *field, const cJSON *item, bool *ret_value, struct error *error)
{
	if (!cJSON_IsBool(item))
		return wrong(field, "not a boolean", error);
	*ret_value = cJSON_IsTrue(item);
	return 0;
}

static int choice_from_json(
    const struct record_field *field, const cJSON *item, bool *ret_value, struct error *error)
{
	unsigned word = 0;
	int result = word_from_json(field, item, &word, error);

	if (!result)
		*ret_value = word;
	return result;
}

static int flag_from_json(
    const struct record_field *field, const cJSON *item, int64_t *ret_value, struct error *error)
{
	bool flag = false;
	int result = bool_from_json(field, item, &flag, error);

	if (!result)
		*ret_value = flag;
	return result;
}

static int object_from_json(
    const struct record_field *field, const cJSON *item, void *value, struct error *error)
{
	int result = record_from_json(field->fields, item, value, error);

	if (result && error)
		return error_prefix(error, "%s", field->name);
	return result;
}

static int list_from_json(const struct record_field *field, const cJSON *array,
    struct snapshot_list *ret_list, struct error *error)
{
	void *items = NULL;
	int result = record_list_from_json(
	    field->fields, array, field->name, field->size, &items, &ret_list->count, error);

	if (!result)
		ret_list->items = items;
	return result;
}

static int field_from_json(
    const struct record_field *field, const cJSON *object, void *record, struct error *error)
{
	const cJSON *item = json_get(object, field->name);
	void *value = (char *)record + field->offset;

	if (!item)
		return wrong(field, "missing", error);
	if (cJSON_IsNull(item))
		return null_from_json(field, value, error);
	switch (field->kind) {
	case RECORD_KIND_STRING:
	case RECORD_KIND_NAME:
		if (!cJSON_IsString(item))
			return wrong(field, "not a string", error);
		*(const char **)value = item->valuestring;
		return 0;
	case RECORD_KIND_STRINGS:
	case RECORD_KIND_STRINGS_OR_NULL: return strings_from_json(field, item, value, error);
	case RECORD_KIND_INTEGER: return integer_from_json(field, object, value, error);
	case RECORD_KIND_TIME: return time_from_json(field, item, value, error);
	case RECORD_KIND_FLAG: return flag_from_json(field, item, value, error);
	case RECORD_KIND_BOOL: return bool_from_json(field, item, value, error);
	case RECORD_KIND_CHOICE: return choice_from_json(field, item, value, error);
	case RECORD_KIND_WORD: return word_from_json(field, item, value, error);
	case RECORD_KIND_OBJECT: return object_from_json(field, item, value, error);
	case RECORD_KIND_LIST_OR_NULL: return list_from_json(field, item, value, error);
	}
	return wrong(field, "of no known kind", error);
}

int record_from_json(
    const struct record_field *fields, const cJSON *object, void *ret_record, struct error *error)
{
	int result = 0;

	if (!cJSON_IsObject(object))
		return error_set(error, -EINVAL, "missing or not an object");
	for (const struct record_field *field = fields; !result && field->name; field++)
		result = field_from_json(field, object, ret_record, error);
	return result;
}

void record_deinit(const struct record_field *fields, void *record)
{
	for (const struct record_field *field = fields; field->name; field++) {
		void *value = (char *)record + field->offset;
		struct snapshot_strings *strings = value;
		struct snapshot_list *list = value;

		if (field->kind == RECORD_KIND_OBJECT) {
			record_deinit(field->fields, value);
		} else if (field->kind == RECORD_KIND_STRINGS ||
			   field->kind == RECORD_KIND_STRINGS_OR_NULL) {
			free((void *)strings->items);
			*strings = (struct snapshot_strings){ NULL, 0 };
		} else if (field->kind == RECORD_KIND_LIST_OR_NULL) {
			record_list_free(
			    field->fields, (void *)list->items, list->count, field->size);
			*list = (struct snapshot_list){ NULL, 0 };
		}
	}
}

int record_list_from_json(const struct record_field *fields, const cJSON *array, const char *name,
    size_t size, void **ret_records, size_t *ret_count, struct error *error)
{
	size_t count = 0;
	const cJSON *item;
	char *records;
	int result = 0;

	if (!cJSON_IsArray(array))
		return error_set(error, -EINVAL, "%s: missing or not a list", name);
	records = calloc((size_t)cJSON_GetArraySize(array) + 1, size);
	if (!records)
		return error_set(error, -ENOMEM, "no memory");
	cJSON_ArrayForEach(item, array)
	{
		result = record_from_json(fields, item, records + count++ * size, error);
		if (result)
			break;
	}
	if (result) {
		if (error)
			error_prefix(error, "%s[%zu]", name, count - 1);
		record_list_free(fields, records, count, size);
		return result;
	}
	*ret_records = records;
	*ret_count = count;
	return 0;
}

void record_list_free(const struct record_field *fields, void *records, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++)
		record_deinit(fields, (char *)records + i * size);
	free(records);
}
