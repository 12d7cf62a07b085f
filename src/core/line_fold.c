#include "core/line_fold.h"

#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

void line_fold_deinit(struct line_fold *fold)
{
	free(fold->line);
	*fold = (struct line_fold){ .line = NULL };
}

uint64_t line_fold_take(struct line_fold *fold)
{
	uint64_t count = fold->count;

	fold->count = 0;
	return count;
}

static bool line_fold_has(const struct line_fold *fold, const char *stream, const char *line,
    size_t length_bytes, uint64_t now_ms)
{
	return fold->line && fold->stream == stream && fold->length_bytes == length_bytes &&
	       now_ms < deadline_after(fold->shown_ms, LINE_FOLD_MS) &&
	       memcmp(fold->line, line, length_bytes) == 0;
}

static void line_fold_keep(
    struct line_fold *fold, const char *line, size_t length_bytes, uint64_t now_ms)
{
	if (length_bytes + 1 > fold->size_bytes) {
		free(fold->line);
		fold->size_bytes = length_bytes + 1;
		fold->line = malloc(fold->size_bytes);
		if (!fold->line)
			fold->size_bytes = 0;
	}
	if (fold->line)
		memcpy(fold->line, line, length_bytes);
	fold->length_bytes = length_bytes;
	fold->shown_ms = now_ms;
}

bool line_fold_add(struct line_fold *fold, const char *stream, const char *line,
    size_t length_bytes, uint64_t now_ms, uint64_t *ret_repeated)
{
	*ret_repeated = 0;
	if (line_fold_has(fold, stream, line, length_bytes, now_ms)) {
		fold->count++;
		return false;
	}
	*ret_repeated = line_fold_take(fold);
	fold->stream = stream;
	line_fold_keep(fold, line, length_bytes, now_ms);
	return true;
}

uint64_t line_fold_deadline_ms(const struct line_fold *fold)
{
	return fold->count ? deadline_after(fold->shown_ms, LINE_FOLD_MS) : NEVER_MS;
}
