/* What `openclaw nodes list` prints: names and times come from the nodes. */
#include "fuzz.h"

#include "core/nodes_json.h"
#include "util/text.h"

static const int64_t now_ms = INT64_C(1795166400000);

static enum probe_exit judge(const struct nodes *nodes, const char *name, uint64_t max_age_ms)
{
	char buffer[512];
	struct text line;
	enum probe_exit verdict;

	text_init(&line, buffer, sizeof(buffer));
	verdict = nodes_judge(nodes, name, max_age_ms, now_ms, &line);
	must(line.length_bytes && !line.truncated && is_line(buffer));
	return verdict;
}

static void check_node(const struct nodes *nodes, const struct node *node)
{
	enum probe_exit strict = judge(nodes, node->id, 0);
	enum probe_exit lenient = judge(nodes, node->id, UINT64_MAX);

	must(is_line(node->id) && is_line(node->name));
	must(node->connected >= -1 && node->connected <= 1);
	must(node->last_seen_at_ms >= -1 && node->last_connected_at_ms >= -1);
	must(strict != PROBE_EXIT_USAGE && lenient != PROBE_EXIT_USAGE);
	must(strict != PROBE_EXIT_GOOD || lenient == PROBE_EXIT_GOOD);
	must(node->connected != 1 || node->is_pending || strict == PROBE_EXIT_GOOD);
	/* One that is listed is never bad if it may have been away for ever. */
	must(node->is_pending || lenient != PROBE_EXIT_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nodes nodes;
	struct error error;

	if (nodes_decode((const char *)data, size, &nodes, &error)) {
		must(is_line(error.message));
		return 0;
	}
	must(nodes.count <= NODES_MAX);
	(void)judge(&nodes, NULL, 300000);
	for (size_t i = 0; i < nodes.count && i < 16; i++)
		check_node(&nodes, &nodes.items[i]);
	nodes_deinit(&nodes);
	return 0;
}
