#include "core/account_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util/macros.h"
#include "util/parse.h"

enum {
	FIELDS_MAX = 4, /* that are of interest: name, password, id, and gid or members */
};

struct entry {
	const char *fields[FIELDS_MAX];
	size_t lengths[FIELDS_MAX];
	uint32_t id; /* the third field */
};

static bool field_to_id(const char *field, size_t length, uint32_t *ret_id)
{
	char digits[12] = "";
	uint64_t id;

	if (length >= sizeof(digits))
		return false;
	memcpy(digits, field, length);
	/* 2^32-1 is what calls take for "leave it as it is" (setresuid(2)). */
	if (parse_count(digits, 0, UINT32_MAX - 1, &id))
		return false;
	*ret_id = (uint32_t)id;
	return true;
}

/* Takes the line at *text apart and moves *text behind it; false at the end of the text. */
static bool next_entry(const char **text, struct entry *ret_entry)
{
	while (**text) {
		const char *at = *text, *end = at + strcspn(at, "\n");
		struct entry entry = { .fields = { NULL } };
		size_t count = 0;

		*text = *end ? end + 1 : end;
		for (; count < FIELDS_MAX && at <= end; count++) {
			const char *colon = memchr(at, ':', (size_t)(end - at));

			entry.fields[count] = at;
			entry.lengths[count] = (size_t)((colon ? colon : end) - at);
			at = colon ? colon + 1 : end + 1;
		}
		if (count == FIELDS_MAX && entry.lengths[0] &&
		    field_to_id(entry.fields[2], entry.lengths[2], &entry.id)) {
			*ret_entry = entry;
			return true;
		}
	}
	return false;
}

static bool field_is(const struct entry *entry, size_t place, const char *text, size_t length)
{
	return entry->lengths[place] == length && memcmp(entry->fields[place], text, length) == 0;
}

int account_find_user(const char *passwd, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	struct entry entry;

	while (next_entry(&passwd, &entry)) {
		if (!field_is(&entry, 0, name, strlen(name)) ||
		    !field_to_id(entry.fields[3], entry.lengths[3], ret_gid))
			continue;
		*ret_uid = entry.id;
		return 0;
	}
	return -ENOENT;
}

int account_find_uid(const char *passwd, uint32_t uid, uint32_t *ret_gid, const char **ret_name,
    size_t *ret_name_bytes)
{
	struct entry entry;

	while (next_entry(&passwd, &entry)) {
		if (entry.id != uid || !field_to_id(entry.fields[3], entry.lengths[3], ret_gid))
			continue;
		*ret_name = entry.fields[0];
		*ret_name_bytes = entry.lengths[0];
		return 0;
	}
	return -ENOENT;
}

int account_find_group(const char *group, const char *name, uint32_t *ret_gid)
{
	struct entry entry;

	while (next_entry(&group, &entry)) {
		if (!field_is(&entry, 0, name, strlen(name)))
			continue;
		*ret_gid = entry.id;
		return 0;
	}
	return -ENOENT;
}

static bool has_member(const struct entry *entry, const char *user, size_t user_bytes)
{
	const char *at = entry->fields[3], *end = at + entry->lengths[3];

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *member_end = comma ? comma : end;

		if ((size_t)(member_end - at) == user_bytes && memcmp(at, user, user_bytes) == 0)
			return true;
		at = member_end + 1;
	}
	return false;
}

size_t account_find_memberships(
    const char *group, const char *user, size_t user_bytes, uint32_t *ret_gids, size_t max)
{
	struct entry entry;
	size_t count = 0;

	while (next_entry(&group, &entry)) {
		if (!has_member(&entry, user, user_bytes))
			continue;
		if (count < max)
			ret_gids[count] = entry.id;
		count++;
	}
	return count;
}
