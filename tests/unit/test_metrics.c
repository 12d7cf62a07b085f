/*
 * The metrics against the text format 0.0.4, read strictly: every sample stands under a HELP and a
 * TYPE of its own name, samples of a name stand together and none twice, names and labels have
 * their alphabet, values are numbers, counters end in _total and nothing else does.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/metrics_text.h"
#include "sample.h"
#include "util/macros.h"

enum { SEEN_MAX = 500 };

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_:0123456789";

struct reader {
	char family[80];
	bool is_counter;
	bool has_type;
	char *seen[SEEN_MAX]; /* samples without their value, then families */
	size_t seen_count;
};

static void remember(struct reader *reader, const char *what, size_t length)
{
	char *copy = strndup(what, length);

	for (size_t i = 0; i < reader->seen_count; i++)
		assert_string_not_equal(reader->seen[i], copy);
	assert_true(reader->seen_count < SEEN_MAX);
	reader->seen[reader->seen_count++] = copy;
}

static void read_head(struct reader *reader, const char *line)
{
	size_t length = strspn(line + 7, name_bytes);

	assert_true(length > 0 && length < sizeof(reader->family));
	assert_int_equal(line[7 + length], ' ');
	if (strncmp(line, "# HELP ", 7) == 0) {
		remember(reader, line, 7 + length);
		snprintf(reader->family, sizeof(reader->family), "%.*s", (int)length, line + 7);
		reader->has_type = false;
		assert_null(strchr(line, '\\'));
		return;
	}
	assert_int_equal(strncmp(line, "# TYPE ", 7), 0);
	assert_int_equal(strncmp(reader->family, line + 7, length), 0);
	assert_false(reader->has_type);
	reader->has_type = true;
	reader->is_counter = strcmp(line + 7 + length, " counter") == 0;
	assert_true(reader->is_counter || strcmp(line + 7 + length, " gauge") == 0);
	assert_int_equal(strncmp(reader->family, "nemoinit_", 9), 0);
	assert_int_equal(
	    length > 6 && strcmp(reader->family + length - 6, "_total") == 0, reader->is_counter);
}

/* name="value",… up to the brace; returns what is behind it. */
static const char *read_labels(const char *at)
{
	do {
		size_t length = strspn(at + 1, name_bytes);

		assert_true(length > 0);
		at += 1 + length;
		assert_int_equal(strncmp(at, "=\"", 2), 0);
		at += 2 + strcspn(at + 2, "\"\\\n");
		assert_int_equal(*at++, '"');
	} while (*at == ',');
	assert_int_equal(*at, '}');
	return at + 1;
}

static void read_sample(struct reader *reader, const char *line)
{
	size_t length = strspn(line, name_bytes);
	const char *at = line + length;
	char *end;

	assert_true(reader->has_type);
	assert_int_equal(length, strlen(reader->family));
	assert_int_equal(strncmp(line, reader->family, length), 0);
	if (*at == '{')
		at = read_labels(at);
	remember(reader, line, (size_t)(at - line));
	assert_int_equal(*at, ' ');
	assert_true(strtod(at + 1, &end) >= 0);
	assert_int_equal(*end, '\0');
}

static void check(char *text)
{
	struct reader reader = { .seen_count = 0 };
	char *line, *rest = text;

	assert_int_equal(text[strlen(text) - 1], '\n');
	while ((line = strsep(&rest, "\n")) && rest) {
		if (line[0] == '#')
			read_head(&reader, line);
		else
			read_sample(&reader, line);
	}
	while (reader.seen_count)
		free(reader.seen[--reader.seen_count]);
}

static const uint32_t restarts[EXIT_REASON_COUNT_] = { [EXIT_REASON_OOM] = 3 };

static void make_sample(struct sample *sample)
{
	sample_init(sample);
	for (size_t i = 0; i < ARRAY_LEN(sample->services); i++)
		sample->services[i].restarts_by = restarts;
	sample->services[0].output_bytes = 5000000000;
	sample->services[0].log_dropped_lines = 41;
	sample->snapshot.nemoinit.dropped_lines = 9;
}

static void check_snapshot(struct snapshot *snapshot)
{
	struct text text;

	for (size_t i = 0; i < snapshot->service_count; i++)
		snapshot->services[i].restarts_by = restarts;
	text_init_heap(&text, 1 << 20);
	metrics_add(&text, snapshot);
	check(text.data);
	text_deinit(&text);
}

static void the_text_is_well_formed(void **state)
{
	struct sample sample;

	make_sample(&sample);
	check_snapshot(&sample.snapshot);
	sample_full(&sample);
	check_snapshot(&sample.snapshot);
	sample.snapshot.service_count = 0;
	sample.snapshot.auto_pair = NULL;
	check_snapshot(&sample.snapshot);
}

static void the_samples_say_what_the_snapshot_says(void **state)
{
	static const char *const wanted[] = {
		"\nnemoinit_service_up{service=\"gateway\"} 1\n",
		"\nnemoinit_service_ready{service=\"auto-pair\"} 1\n",
		"\nnemoinit_service_state{service=\"gateway\",state=\"ready\"} 1\n",
		"\nnemoinit_service_state{service=\"gateway\",state=\"backoff\"} 0\n",
		"\nnemoinit_service_uptime_seconds{service=\"gateway\"} 7380.000\n",
		"\nnemoinit_service_probe_latency_seconds{service=\"gateway\"} 0.003\n",
		"\nnemoinit_service_restarts_total{service=\"gateway\",reason=\"oom\"} 3\n",
		"\nnemoinit_service_output_bytes_total{service=\"gateway\"} 5000000000\n",
		"\nnemoinit_service_log_dropped_lines_total{service=\"gateway\"} 41\n",
		"\nnemoinit_log_dropped_lines_total 9\n",
		"\nnemoinit_reaped_total ",
		"\nnemoinit_pair_approved_total ",
		"\nnemoinit_pair_mode{mode=\"slow\"} ",
	};
	struct sample sample;
	struct text text;

	make_sample(&sample);
	text_init_heap(&text, 1 << 20);
	metrics_add(&text, &sample.snapshot);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		print_message("%s\n", wanted[i]);
		assert_non_null(strstr(text.data, wanted[i]));
	}
	/* Unknown: no sample rather than a wrong one. */
	assert_null(strstr(text.data, "probe_latency_seconds{service=\"auto-pair\"}"));
	text_deinit(&text);
}

static void the_reply_survives_the_way(void **state)
{
	struct sample sample;
	char *line, *text;

	make_sample(&sample);
	line = metrics_reply_encode(&sample.snapshot, "7");
	assert_int_equal(strncmp(line, "{\"ok\":true,\"id\":\"7\",\"text\":\"# HELP ", 35), 0);
	text = metrics_reply_decode(line, strlen(line));
	check(text);
	free(text);
	free(line);
	assert_null(metrics_reply_decode("{}", 2));
	assert_null(metrics_reply_decode("x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_well_formed),
		cmocka_unit_test(the_samples_say_what_the_snapshot_says),
		cmocka_unit_test(the_reply_survives_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
