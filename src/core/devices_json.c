/*
 * Everything in here was written by a client that wants to be let in, passed on by the gateway. A
 * field that cannot be read exactly makes its entry malformed, and a malformed entry is never
 * approved; it never spoils the other entries.
 */
#include "core/devices_json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/word_set.h"
#include "util/text.h"

/*
 * Copies a word, made printable; false when the copy is not the word itself. Judging goes by the
 * copy, so a difference must not be lost: "operator.read\033[m" prints as "operator.read".
 */
static bool copy_word(const char *word, char *ret_buffer, size_t size_bytes)
{
	struct text text;

	text_init(&text, ret_buffer, size_bytes);
	text_add_printable(&text, word, strlen(word), size_bytes - 1);
	return strcmp(word, ret_buffer) == 0;
}

/* A string, null or absent ("" then); anything else, and what cannot be copied, is malformed. */
static bool read_word(const cJSON *entry, const char *name, char *ret_buffer, size_t size_bytes)
{
	const cJSON *item = json_get(entry, name);

	ret_buffer[0] = '\0';
	if (!item || cJSON_IsNull(item))
		return true;
	return cJSON_IsString(item) && copy_word(item->valuestring, ret_buffer, size_bytes);
}

/* Letter or digit, then letters, digits, `. _ : -`, at most 128: it becomes an argument. */
static bool request_id_is_valid(const char *id)
{
	size_t length = 0;

	if (!isalnum((unsigned char)id[0]))
		return false;
	while (isalnum((unsigned char)id[length]) || (id[length] && strchr("._:-", id[length])))
		length++;
	return !id[length] && length < AUTO_PAIR_ID_BYTES;
}

static bool read_request_id(const cJSON *entry, char *ret_id)
{
	const char *id = json_get_string(entry, "requestId");

	if (id && request_id_is_valid(id)) {
		strcpy(ret_id, id);
		return true;
	}
	ret_id[0] = '?';
	(void)copy_word(id ? id : "", ret_id + 1, AUTO_PAIR_WORD_BYTES);
	return false;
}

static bool add_word(struct text *words, const char *word)
{
	char copy[AUTO_PAIR_SCOPES_BYTES];
	bool exact = copy_word(word, copy, sizeof(copy));

	/* A blank would make two words out of one, and each of them might be allowed. */
	for (char *blank = copy; (blank = strchr(blank, ' ')); exact = false)
		*blank = '_';
	if (!copy[0])
		return false;
	if (word_set_has(words->data, copy))
		return exact;
	if (words->length_bytes)
		text_add(words, " ");
	text_add(words, copy);
	return exact && !words->truncated;
}

/* Adds the words of a list; false when the member is there and no list of strings. */
static bool add_words(struct text *words, const cJSON *list)
{
	const cJSON *item;
	bool good = true;

	if (!list || cJSON_IsNull(list))
		return true;
	if (!cJSON_IsArray(list))
		return false;
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item) || !add_word(words, item->valuestring))
			good = false;
	}
	return good;
}

static bool is_given(const cJSON *item)
{
	return item && !cJSON_IsNull(item);
}

static bool read_scopes(const cJSON *entry, char *ret_buffer, size_t size_bytes)
{
	const cJSON *scopes = json_get(entry, "scopes");
	const cJSON *requested = json_get(entry, "requestedScopes");
	struct text words;
	bool good;

	text_init(&words, ret_buffer, size_bytes);
	good = add_words(&words, scopes);
	return add_words(&words, requested) && good && (is_given(scopes) || is_given(requested));
}

static bool read_roles(const cJSON *entry, char *ret_buffer, size_t size_bytes)
{
	const cJSON *role = json_get(entry, "role");
	struct text words;
	bool good = true;

	text_init(&words, ret_buffer, size_bytes);
	if (is_given(role))
		good = cJSON_IsString(role) && add_word(&words, role->valuestring);
	return add_words(&words, json_get(entry, "roles")) && good;
}

static void read_request(const cJSON *entry, struct devices_request *request)
{
	bool good = read_request_id(entry, request->request_id);

	good &= read_word(entry, "deviceId", request->device_id, sizeof(request->device_id));
	good &= read_word(entry, "clientId", request->client_id, sizeof(request->client_id));
	good &= read_word(entry, "clientMode", request->client_mode, sizeof(request->client_mode));
	good &= read_word(entry, "remoteIp", request->remote_ip, sizeof(request->remote_ip));
	good &= read_scopes(entry, request->scopes, sizeof(request->scopes));
	good &= read_roles(entry, request->roles, sizeof(request->roles));
	request->malformed = !good;
}

/* An approval goes by the id alone: of two requests that share one it might mean the other. */
static void note_shared_id(struct devices *devices, struct devices_request *request)
{
	for (struct devices_request *other = devices->pending; other < request; other++) {
		if (strcmp(other->request_id, request->request_id) == 0)
			other->malformed = request->malformed = true;
	}
}

static bool read_pending(const cJSON *list, struct devices *devices)
{
	const cJSON *entry;

	devices->pending_total = (size_t)cJSON_GetArraySize(list);
	if (!devices->pending_total)
		return true;
	devices->pending = calloc(AUTO_PAIR_PENDING_MAX, sizeof(*devices->pending));
	if (!devices->pending)
		return false;
	cJSON_ArrayForEach(entry, list)
	{
		if (devices->pending_count == AUTO_PAIR_PENDING_MAX)
			break;
		read_request(entry, &devices->pending[devices->pending_count]);
		note_shared_id(devices, &devices->pending[devices->pending_count++]);
	}
	return true;
}

static bool is_browser(const cJSON *entry)
{
	const char *client = json_get_string(entry, "clientId");
	const char *mode = json_get_string(entry, "clientMode");

	return (client && strcmp(client, "openclaw-control-ui") == 0) ||
	       (mode && strcmp(mode, "webchat") == 0);
}

static bool read_paired(const cJSON *list, struct devices *devices)
{
	const cJSON *entry;
	char id[DEVICES_ID_BYTES];

	if (!cJSON_GetArraySize(list))
		return true;
	devices->paired_ids = calloc(DEVICES_PAIRED_MAX, sizeof(*devices->paired_ids));
	if (!devices->paired_ids)
		return false;
	cJSON_ArrayForEach(entry, list)
	{
		if (!cJSON_IsObject(entry))
			continue;
		devices->paired_count++;
		devices->has_browser |= is_browser(entry);
		if (devices->paired_id_count < DEVICES_PAIRED_MAX &&
		    read_word(entry, "deviceId", id, sizeof(id)))
			strcpy(devices->paired_ids[devices->paired_id_count++], id);
	}
	return true;
}

static bool is_list_or_null(const cJSON *item)
{
	return !item || cJSON_IsNull(item) || cJSON_IsArray(item);
}

static enum list_failure read_devices(const cJSON *object, struct devices *devices)
{
	const cJSON *pending = json_get(object, "pending"), *paired = json_get(object, "paired");

	if (!cJSON_IsObject(object) || cJSON_IsFalse(json_get(object, "ok")))
		return LIST_INVALID_RESPONSE;
	if ((!pending && !paired) || !is_list_or_null(pending) || !is_list_or_null(paired))
		return LIST_INVALID_RESPONSE;
	if (!read_pending(pending, devices) || !read_paired(paired, devices))
		return LIST_INVALID_JSON;
	return LIST_SUCCEEDED;
}

static bool is_blank(const char *bytes, size_t length_bytes)
{
	while (length_bytes && isspace((unsigned char)bytes[length_bytes - 1]))
		length_bytes--;
	return !length_bytes;
}

enum list_failure devices_decode(
    const char *bytes, size_t length_bytes, struct devices *ret_devices)
{
	struct devices devices = { .pending = NULL };
	enum list_failure failure;
	cJSON *object;

	if (is_blank(bytes, length_bytes))
		return LIST_EMPTY_OUTPUT;
	if (length_bytes > DEVICES_OUTPUT_MAX_BYTES)
		return LIST_INVALID_JSON;
	object = json_parse(bytes, length_bytes);
	if (!object)
		return LIST_INVALID_JSON;
	failure = read_devices(object, &devices);
	cJSON_Delete(object);
	if (failure) {
		devices_deinit(&devices);
		return failure;
	}
	*ret_devices = devices;
	return LIST_SUCCEEDED;
}
