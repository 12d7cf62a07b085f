/*
 * Folding a line that comes again and again (spec 20 part 6): it is shown once, those that follow
 * within LINE_FOLD_MS are counted, and the count is told when another line comes or the time is up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LINE_FOLD_MS = 10000,
};

/* A zeroed struct has seen nothing. */
struct line_fold {
	char *line;         /* the last one that was shown */
	const char *stream; /* where it came from; borrowed for ever */
	size_t length_bytes;
	size_t size_bytes;
	uint64_t shown_ms;
	uint64_t count; /* how often it has come again */
};

void line_fold_deinit(struct line_fold *fold);

/*
 * A line has come; the same text from another stream is another line. Returns true if it is to be
 * shown, and first *ret_repeated, unless it is 0, as the number of repetitions of the one before
 * it. Without memory nothing is folded.
 */
bool line_fold_add(struct line_fold *fold, const char *stream, const char *line,
    size_t length_bytes, uint64_t now_ms, uint64_t *ret_repeated);

/* When the count has to be told, if nothing comes before; NEVER_MS: there is none. */
uint64_t line_fold_deadline_ms(const struct line_fold *fold);

/* The count that is to be told now; 0: none. */
uint64_t line_fold_take(struct line_fold *fold);
