#include "core/nodes_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "util/macros.h"
#include "util/text.h"

/* A printable copy; a longer one is cut and equals no name that somebody would give. */
static void read_word(const cJSON *entry, const char *name, char *ret_buffer)
{
	const char *word = json_get_string(entry, name);
	struct text text;

	text_init(&text, ret_buffer, NODE_NAME_BYTES);
	if (word)
		text_add_printable(&text, word, strlen(word), NODE_NAME_BYTES - 1);
}

static int64_t read_time(const cJSON *entry, const char *name)
{
	int64_t value;

	return json_get_integer(entry, name, &value) && value >= 0 ? value : -1;
}

static void read_node(const cJSON *entry, bool is_pending, struct node *node)
{
	bool connected;

	read_word(entry, "nodeId", node->id);
	read_word(entry, "displayName", node->name);
	node->is_pending = is_pending;
	node->connected = json_get_bool(entry, "connected", &connected) ? connected : -1;
	node->last_seen_at_ms = read_time(entry, "lastSeenAtMs");
	node->last_connected_at_ms = read_time(entry, "lastConnectedAtMs");
	node->approved_at_ms = read_time(entry, "approvedAtMs");
}

static void read_nodes(const cJSON *list, bool is_pending, struct nodes *nodes)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, list)
	{
		if (cJSON_IsObject(entry) && nodes->count < NODES_MAX)
			read_node(entry, is_pending, &nodes->items[nodes->count++]);
	}
}

static int read_lists(const cJSON *object, struct nodes *ret_nodes, struct error *error)
{
	const cJSON *paired = json_get(object, "paired"), *pending = json_get(object, "pending");
	struct nodes nodes = { .items = NULL };
	int count;

	if (cJSON_IsFalse(json_get(object, "ok")) || !cJSON_IsArray(paired))
		return error_set(error, -EPROTO, "the list of nodes has no 'paired'");
	count = cJSON_GetArraySize(paired);
	if (cJSON_IsArray(pending))
		count += cJSON_GetArraySize(pending);
	nodes.items =
	    calloc((size_t)(count < NODES_MAX ? count + 1 : NODES_MAX), sizeof(*nodes.items));
	if (!nodes.items)
		return error_set(error, -ENOMEM, "no memory");
	read_nodes(paired, false, &nodes);
	if (cJSON_IsArray(pending))
		read_nodes(pending, true, &nodes);
	*ret_nodes = nodes;
	return 0;
}

/* The first line that begins with `{`; the end if there is none. */
static const char *skip_banner(const char *bytes, const char *end)
{
	while (bytes < end && *bytes != '{') {
		const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));

		bytes = line_end ? line_end + 1 : end;
	}
	return bytes;
}

int nodes_decode(
    const char *bytes, size_t length_bytes, struct nodes *ret_nodes, struct error *error)
{
	const char *begin = skip_banner(bytes, bytes + length_bytes);
	cJSON *object = json_parse(begin, length_bytes - (size_t)(begin - bytes));
	int result;

	if (!object)
		return error_set(error, -EPROTO, "the list of nodes is no JSON");
	result = read_lists(object, ret_nodes, error);
	cJSON_Delete(object);
	return result;
}
