/*
 * nemoctl and a server that means harm: the first byte says what it was asked, the second with
 * which options; the rest is the reply. What gets printed commands no terminal.
 */
#include "fuzz.h"

#include "app/show.h"
#include "core/json.h"

typedef enum exit_status shower(
    const struct invocation *invocation, const char *line, size_t length_bytes);

static shower *const showers[] = { show_status, show_ready, show_live, show_done, show_outcomes,
	show_feed, show_metrics };

/* Everything that goes to stdout and stderr meanwhile. */
struct capture {
	FILE *out, *err;
	FILE *saved_out, *saved_err;
	char *out_text, *err_text;
	size_t out_bytes, err_bytes;
};

static void begin(struct capture *capture)
{
	*capture = (struct capture){ .saved_out = stdout, .saved_err = stderr };
	capture->out = open_memstream(&capture->out_text, &capture->out_bytes);
	capture->err = open_memstream(&capture->err_text, &capture->err_bytes);
	must(capture->out && capture->err);
	stdout = capture->out;
	stderr = capture->err;
}

static void end(struct capture *capture)
{
	stdout = capture->saved_out;
	stderr = capture->saved_err;
	must(fclose(capture->out) == 0 && fclose(capture->err) == 0);
}

static void check_lines(const char *text, size_t length)
{
	for (const char *at = text, *stop = text + length; at < stop;) {
		const char *newline = memchr(at, '\n', (size_t)(stop - at));

		must(newline && is_printable(at, (size_t)(newline - at)));
		at = newline + 1;
	}
}

/* As it was, for whoever reads it as JSON. */
static void check_json(const char *reply, size_t length, const char *shown, size_t shown_bytes)
{
	cJSON *before = json_parse(reply, length), *after = json_parse(shown, shown_bytes - 1);

	if (before && is_printable(reply, length))
		must(shown_bytes == length + 1 && memcmp(reply, shown, length) == 0);
	must(!before || after);
	cJSON_Delete(before);
	cJSON_Delete(after);
}

static void check(shower *show, bool wants_json, bool has_name, const char *reply, size_t length)
{
	static char name[] = "gateway";
	char *arguments[] = { name, NULL };
	const struct invocation invocation = {
		.wants_json = wants_json, .arguments = arguments, .argument_count = has_name
	};
	enum exit_status status;
	struct capture capture;

	begin(&capture);
	status = show(&invocation, reply, length);
	if (wants_json)
		status = show_json(reply, length, status);
	end(&capture);
	must(status <= EXIT_STATUS_TIMEOUT && status != EXIT_STATUS_USAGE);
	check_lines(capture.out_text, capture.out_bytes);
	check_lines(capture.err_text, capture.err_bytes);
	if (wants_json)
		check_json(reply, length, capture.out_text, capture.out_bytes);
	free(capture.out_text);
	free(capture.err_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const widths[] = { "1", "60", "80", "300" };
	struct bytes bytes = { data, size };
	shower *show = showers[take(&bytes, sizeof(showers) / sizeof(*showers))];
	unsigned options = take(&bytes, 16);
	char *reply;

	setenv("NO_COLOR", "1", 1);
	setenv("COLUMNS", widths[options / 4], 1);
	for (size_t i = 0; i < bytes.left; i++) /* a line is what has come, up to its end */
		if (bytes.at[i] == '\n')
			bytes.left = i;
	reply = copy_text(bytes.at, bytes.left);
	check(show, options & 1, options & 2, reply, bytes.left);
	free(reply);
	return 0;
}
