/*
 * A frame is written at once, over the last one: every line ends with "clear to its end", the last
 * with "clear below". So nothing is ever blank in between, and nothing flickers.
 */
#include "app/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/show.h"
#include "core/reply_json.h"
#include "core/status_words.h"
#include "io/clock.h"
#include "util/macros.h"
#include "util/text.h"

enum {
	PERIOD_MS = 1000,
	FRAME_MAX_BYTES = 16 * 1024 * 1024,
	ROWS_WITHOUT_TERMINAL = 100000,
};

/* Another screen, without a cursor; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[H\033[J";
static const char leave[] = "\033[?25h\033[?1049l";

static volatile sig_atomic_t is_over;

static void on_signal(int signal)
{
	if (signal != SIGWINCH)
		is_over = 1;
}

/* Without SA_RESTART: what waits is to be woken. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	const struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
}

static unsigned count_rows(bool is_terminal)
{
	struct winsize size;

	if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1)
		return size.ws_row;
	return ROWS_WITHOUT_TERMINAL;
}

/* What went wrong in place of the status; it is tried again. */
static void add_trouble(struct text *frame, const char *message)
{
	text_add(frame, "no status: ");
	status_add_outside(frame, message);
	text_add(frame, "\n");
}

static void add_reply(struct text *frame, const char *reply, size_t length_bytes)
{
	const struct status_style style = show_style();
	struct error error = { .message = "the answer cannot be understood" };
	struct snapshot_json decoded;
	struct reply refusal;

	if (snapshot_decode(reply, length_bytes, &decoded, &error) == 0) {
		status_text_add(frame, &decoded.snapshot, &style);
		snapshot_json_deinit(&decoded);
	} else if (reply_decode(reply, length_bytes, false, &refusal, NULL) == 0) {
		add_trouble(frame, refusal.has_error ? refusal.message : error.message);
		reply_deinit(&refusal);
	} else {
		add_trouble(frame, error.message);
	}
}

/* The lines of a frame that fit, as the terminal wants them. */
static void add_screen(struct text *screen, const char *frame, unsigned rows)
{
	text_add(screen, "\033[H");
	for (unsigned row = 0; *frame && row < rows; row++) {
		size_t length = strcspn(frame, "\n");

		text_addf(screen, "%s%.*s\033[K", row ? "\r\n" : "", (int)length, frame);
		frame += length + (frame[length] == '\n');
	}
	text_add(screen, "\033[J");
}

static bool put(const struct text *text)
{
	return text->data && !text->truncated &&
	       fwrite(text->data, 1, text->length_bytes, stdout) == text->length_bytes &&
	       fflush(stdout) == 0;
}

static bool draw(const char *frame, bool is_terminal)
{
	struct text screen;
	bool is_good;

	text_init_heap(&screen, FRAME_MAX_BYTES);
	if (is_terminal)
		add_screen(&screen, frame, count_rows(true));
	else
		text_addf(&screen, "%s\n", frame);
	is_good = put(&screen) || is_over;
	text_deinit(&screen);
	return is_good;
}

/* One look and one frame; false: nobody sees it any more. */
static bool step(
    const struct command *command, const struct invocation *invocation, bool is_terminal)
{
	const struct request request = { .op = REQUEST_STATUS, .timeout_ms = NEVER_MS };
	struct error error = { .message = "" };
	size_t length_bytes = 0;
	struct text frame;
	char *reply = NULL;
	bool is_good;
	int result = ask(invocation, &request, deadline_after(clock_now_ms(), command->timeout_ms),
	    &reply, &length_bytes, &error);

	if (!result && invocation->wants_json) {
		is_good = show_json(reply, length_bytes, EXIT_STATUS_DONE) == EXIT_STATUS_DONE;
		free(reply);
		return is_good;
	}
	text_init_heap(&frame, FRAME_MAX_BYTES);
	text_add_time(&frame, clock_epoch_ms());
	text_add(&frame, "\n");
	if (result)
		add_trouble(&frame, error.message);
	else
		add_reply(&frame, reply, length_bytes);
	is_good = draw(frame.data ? frame.data : "", is_terminal);
	text_deinit(&frame);
	free(reply);
	return is_good;
}

enum exit_status watch_run(const struct command *command, const struct invocation *invocation)
{
	const struct timespec period = { .tv_sec = PERIOD_MS / 1000,
		.tv_nsec = PERIOD_MS % 1000 * 1000000 };
	bool is_terminal = isatty(STDOUT_FILENO) && !invocation->wants_json, is_good = true;

	catch_signals();
	if (is_terminal)
		is_good = fputs(enter, stdout) >= 0;
	while (is_good && !is_over) {
		is_good = step(command, invocation, is_terminal);
		if (is_good && !is_over)
			(void)nanosleep(&period, NULL); /* a signal ends it: time to look */
	}
	if (is_terminal)
		(void)(fputs(leave, stdout) >= 0 && fflush(stdout) == 0);
	return is_good ? EXIT_STATUS_DONE : EXIT_STATUS_FAILED;
}
