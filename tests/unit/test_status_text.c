/*
 * What people read, as whole pictures: golden/status-SITUATION-WIDTH.txt. GOLDEN_UPDATE=1 writes
 * them anew; read the difference before it is committed.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/page.h"
#include "core/status_text.h"
#include "sample.h"
#include "util/macros.h"
#include "util/text.h"

static void make_down(struct snapshot_service *service, enum service_state state)
{
	service->state = state;
	service->ready = false;
	service->pid = service->started_at_ms = service->uptime_ms = -1;
	service->listener.owner = LISTENER_NONE;
	service->listener.pid = -1;
	service->listener.command = NULL;
}

static void make_watcher_wait(struct sample *sample)
{
	static const char *const waits[] = { "waits for gateway" };

	make_down(&sample->services[1], SERVICE_WAITING);
	sample->services[1].warnings = (struct snapshot_strings){ .items = waits, .count = 1 };
	sample->services[1].listener.port = -1;
	sample->watcher = (struct auto_pair){ .mode = AUTO_PAIR_DOWN,
		.last_poll_at_ms = -1,
		.next_poll_in_ms = -1,
		.deadline_in_ms = -1 };
}

static void make_healthy(struct sample *sample)
{
	sample_init(sample);
}

static void make_killed(struct sample *sample)
{
	sample_init(sample);
	sample_kill(sample);
}

static void make_starting(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample->snapshot.health = HEALTH_STARTING;
	gateway->state = SERVICE_STARTING;
	gateway->ready = false;
	gateway->uptime_ms = 12300;
	gateway->probe = (struct snapshot_probe){ "http", "http://127.0.0.1:18789/health", 0, 9, -1,
		-1, "connection refused" };
	make_watcher_wait(sample);
}

static void make_backoff(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample->snapshot.health = HEALTH_DEGRADED;
	make_down(gateway, SERVICE_BACKOFF);
	gateway->restarts = 3;
	gateway->consecutive_failures = 3;
	gateway->next_start_in_ms = 3200;
	gateway->last_exit = (struct snapshot_exit){ EXIT_REASON_SIGNAL, sample_now_ms - 800, -1,
		11, 0, 245000, 12 };
	make_watcher_wait(sample);
}

static void make_crash_loop(struct sample *sample)
{
	make_backoff(sample);
	sample->snapshot.health = HEALTH_BLOCKED;
	sample->services[0].crash_loop = true;
}

static void make_missing(struct sample *sample)
{
	make_backoff(sample);
	sample->services[0].consecutive_failures = 1;
	sample->services[0].last_exit = (struct snapshot_exit){ EXIT_REASON_EXEC_FAILED,
		sample_now_ms - 800, 127, -1, 0, 1, 12 };
}

static void make_portless(struct sample *sample)
{
	sample_init(sample);
	sample->snapshot.health = HEALTH_STARTING;
	sample->services[0].state = SERVICE_STARTING;
	sample->services[0].ready = false;
	sample->services[0].probe = (struct snapshot_probe){ .type = NULL };
	sample->services[0].listener = (struct snapshot_listener){ 18789, LISTENER_NONE, -1, NULL };
	make_watcher_wait(sample);
}

static void make_nothing(struct sample *sample)
{
	sample_init(sample);
	sample->snapshot.service_count = 0;
	sample->snapshot.auto_pair = NULL;
}

static void make_foreign(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample->snapshot.health = HEALTH_DEGRADED;
	make_down(gateway, SERVICE_BACKOFF);
	gateway->next_start_in_ms = 1400;
	gateway->listener = (struct snapshot_listener){ 18789, LISTENER_FOREIGN, 4711,
		"python3 -m http.server\033[31m 18789" };
	make_watcher_wait(sample);
}

static void make_blocked(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample->snapshot.health = HEALTH_BLOCKED;
	make_down(gateway, SERVICE_BLOCKED);
	gateway->next_start_in_ms = 243000;
	gateway->consecutive_failures = 2;
	gateway->blocked = (struct snapshot_blocked){ BLOCKED_CONFIG, NULL, NULL,
		"Invalid config at /sandbox/.openclaw/openclaw.json\n"
		"gateway.mode: unknown value \"remot\"\a" };
	gateway->last_exit = (struct snapshot_exit){ EXIT_REASON_CONFIG, sample_now_ms - 57000, 78,
		-1, 0, 1300, 12 };
	make_watcher_wait(sample);
}

static void make_stopping(struct sample *sample)
{
	sample_init(sample);
	sample->snapshot.health = HEALTH_STOPPING;
	sample->services[0].state = SERVICE_STOPPING;
	sample->services[0].ready = false;
	make_down(&sample->services[1], SERVICE_STOPPED);
	sample->services[1].last_exit = (struct snapshot_exit){ EXIT_REASON_REQUESTED,
		sample_now_ms - 300, -1, 15, 0, 7370000, 34 };
	sample->watcher.mode = AUTO_PAIR_DOWN;
}

static void make_finished(struct sample *sample)
{
	sample_init(sample);
	make_down(&sample->services[1], SERVICE_FINISHED);
	sample->services[1].last_exit = (struct snapshot_exit){ EXIT_REASON_CLEAN,
		sample_now_ms - 5000, 0, -1, 0, 28800000, 34 };
	sample->watcher.mode = AUTO_PAIR_DONE;
	sample->watcher.next_poll_in_ms = sample->watcher.deadline_in_ms = -1;
}

static void make_troubled_watcher(struct sample *sample)
{
	static const char *const warnings[] = { "the control socket was replaced twice" };

	sample_full(sample);
	sample->services[0] = sample_gateway();
	sample->snapshot.health = HEALTH_HEALTHY;
	sample->snapshot.nemoinit.warnings = (struct snapshot_strings){ warnings, 1 };
	sample->services[1].warnings = (struct snapshot_strings){ sample_warnings, 1 };
}

static void make_failing(struct sample *sample)
{
	struct snapshot_service *gateway = &sample->services[0];

	sample_init(sample);
	sample->snapshot.health = HEALTH_BLOCKED;
	gateway->state = SERVICE_FAILING;
	gateway->ready = false;
	gateway->crash_loop = true;
	gateway->restarts = 7;
	gateway->consecutive_failures = 6;
	gateway->last_exit = (struct snapshot_exit){ EXIT_REASON_OOM, sample_now_ms - 60000, -1, 9,
		1, 90061000, 12 };
	gateway->probe = (struct snapshot_probe){ "http", "http://127.0.0.1:18789/health", 0, 4,
		sample_now_ms - 12000, -1, "no answer within 5s" };
}

static const struct {
	const char *name;
	void (*make)(struct sample *sample);
	const char *service; /* NULL: the table */
} situations[] = {
	{ "healthy", make_healthy, NULL },
	{ "killed", make_killed, NULL },
	{ "starting", make_starting, NULL },
	{ "backoff", make_backoff, NULL },
	{ "crash-loop", make_crash_loop, NULL },
	{ "missing", make_missing, NULL },
	{ "portless", make_portless, NULL },
	{ "nothing", make_nothing, NULL },
	{ "foreign", make_foreign, NULL },
	{ "blocked", make_blocked, NULL },
	{ "stopping", make_stopping, NULL },
	{ "finished", make_finished, NULL },
	{ "watcher", make_troubled_watcher, NULL },
	{ "failing", make_failing, NULL },
	{ "one-healthy", make_healthy, "gateway" },
	{ "one-blocked", make_blocked, "gateway" },
	{ "one-missing", make_missing, "gateway" },
	{ "one-watcher", make_troubled_watcher, "auto-pair" },
};

static const unsigned widths[] = { 60, 80, 200 };

static void draw(struct text *text, size_t situation, unsigned width, bool has_colour)
{
	const struct status_style style = { sample_now_ms, width, has_colour };
	const char *name = situations[situation].service;
	struct sample sample;

	situations[situation].make(&sample);
	text_init_heap(text, 100000);
	if (!name)
		status_text_add(text, &sample.snapshot, &style);
	else
		status_text_add_service(
		    text, &sample.snapshot, &sample.services[strcmp(name, "gateway") != 0], &style);
}

static void golden_path(char path[512], size_t situation, unsigned width)
{
	snprintf(path, 512, "%s/status-%s-%u.txt", getenv("GOLDEN_DIR"), situations[situation].name,
	    width);
}

static void check_golden(size_t situation, unsigned width, const struct text *text)
{
	char path[512], expected[16384];
	FILE *file;
	size_t length;

	golden_path(path, situation, width);
	if (getenv("GOLDEN_UPDATE")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(
		    fwrite(text->data, 1, text->length_bytes, file), text->length_bytes);
		fclose(file);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	length = fread(expected, 1, sizeof(expected) - 1, file);
	fclose(file);
	expected[length] = '\0';
	if (strcmp(expected, text->data) != 0)
		fail_msg("%s differs; it is now:\n%s", path, text->data);
}

static void every_situation_reads_as_agreed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(situations); i++) {
		for (size_t j = 0; j < ARRAY_LEN(widths); j++) {
			struct text text;

			draw(&text, i, widths[j], false);
			check_golden(i, widths[j], &text);
			text_deinit(&text);
		}
	}
}

/* Lines of output (`    | …`) and single long words keep their length. */
static void lines_keep_to_the_width(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(situations); i++) {
		for (unsigned width = STATUS_WIDTH_MIN; width <= 100; width++) {
			struct text text;

			draw(&text, i, width, false);
			for (char *line = strtok(text.data, "\n"); line;
			     line = strtok(NULL, "\n")) {
				if (strncmp(line, "    | ", 6) != 0 &&
				    strrchr(line, ' ') > line + PAGE_LABEL_COLUMNS)
					assert_true(page_columns(line, strlen(line)) <= width);
				assert_int_not_equal(line[strlen(line) - 1], ' ');
			}
			text_deinit(&text);
		}
	}
}

/* No byte of an outsider's reaches the terminal as a command. */
static void only_our_own_escapes_are_printed(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(situations); i++) {
		for (unsigned has_colour = 0; has_colour < 2; has_colour++) {
			struct text text;

			draw(&text, i, 80, has_colour);
			assert_null(strchr(text.data, '\a'));
			for (const char *at = text.data; (at = strchr(at, '\033')); at++) {
				assert_true(has_colour);
				assert_int_equal(at[1], '[');
				assert_int_equal(at[strspn(at + 2, "0123456789") + 2], 'm');
			}
			text_deinit(&text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation_reads_as_agreed),
		cmocka_unit_test(lines_keep_to_the_width),
		cmocka_unit_test(only_our_own_escapes_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
