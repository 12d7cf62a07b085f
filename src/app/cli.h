/*
 * One call to the OpenClaw CLI at a time: where it is, with what environment and limits it runs,
 * and that nothing of it is left (io/job.h). Only for a program whose children are all the CLI's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct call_output;
struct job;
struct job_result;
struct loop;
struct text;

enum {
	CLI_WORDS_MAX = 4,
};

struct cli_request {
	char *const *environment; /* ours; borrowed for life */
	const char *unwanted; /* `NAME=` of one variable that the CLI must not see; NULL: none */
	size_t max_output_bytes;
	/* Gets the end of each call, valid during the call of it. */
	void (*handle)(
	    void *data, const struct job_result *result, const struct call_output *output);
	void *data;
};

struct cli {
	struct job *job; /* its owner passes on exits and deadlines, as job.h says */
	struct cli_request request;
	char **environment; /* owned; its strings are borrowed */
	const char *name;
	const char *search_path;
	char *program; /* owned; NULL: not found yet */
	char timeout[24];
	const char *argv[CLI_WORDS_MAX + 4];
};

/* Returns 0 or -ENOMEM, and then nothing is owned. cli stays where it is until cli_deinit. */
int cli_init(struct cli *cli, struct loop *loop, const struct cli_request *request);

/* A running call is killed. Harmless twice, and on a zeroed struct. */
void cli_deinit(struct cli *cli);

/*
 * Runs `openclaw WORDS --json`; words end with NULL, at most CLI_WORDS_MAX, borrowed to the end of
 * the call. The CLI may ask the gateway `asks` times within timeout_ms, and is told so. Returns 0,
 * or -errno: not started, and nothing will be told; -ENOENT: there is no openclaw (looked for again
 * by the next call).
 */
int cli_start(struct cli *cli, const char *const *words, uint64_t timeout_ms, unsigned asks,
    uint64_t now_ms, struct error *error);

/* Adds why an ended call failed, at most max_bytes. */
void cli_describe(const struct job_result *result, const struct call_output *output,
    struct text *text, size_t max_bytes);
