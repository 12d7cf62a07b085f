#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lines.h"
#include "util/macros.h"
#include "util/text.h"

/* Lines are gathered with a | behind each. */
static void gather(void *data, const char *line, size_t length_bytes)
{
	text_add_bytes(data, line, length_bytes);
	text_add(data, "|");
}

/* Feeds bytes in pieces of step and checks what comes out before and after the flush. */
static void check_split(
    const char *bytes, size_t length, size_t step, const char *lines, const char *flushed)
{
	struct line_splitter splitter = { .partial = NULL };
	struct text seen;

	text_init_heap(&seen, 1 << 20);
	text_add(&seen, "");
	for (size_t at = 0; at < length; at += step)
		line_splitter_feed(
		    &splitter, bytes + at, length - at < step ? length - at : step, gather, &seen);
	assert_string_equal(seen.data, lines);
	line_splitter_flush(&splitter, gather, &seen);
	assert_string_equal(seen.data + strlen(lines), flushed);
	assert_null(splitter.partial);
	line_splitter_flush(&splitter, gather, &seen);
	assert_string_equal(seen.data + strlen(lines), flushed);
	text_deinit(&seen);
}

static void bytes_become_lines_however_they_come(void **state)
{
	static const struct {
		const char *bytes;
		const char *lines;
		const char *flushed;
	} rows[] = {
		{ "", "", "" },
		{ "a", "", "a|" },
		{ "a\n", "a|", "" },
		{ "a\nb", "a|", "b|" },
		{ "a\n\n\nb\n", "a|||b|", "" },
		{ "\n", "|", "" },
		{ "a\r\nb\r\n", "a|b|", "" },
		{ "\r\n", "|", "" },
		{ "a\rb\n", "a\rb|", "" },
		{ "one\ntwo\nthree", "one|two|", "three|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step <= 14; step++)
			check_split(rows[i].bytes, strlen(rows[i].bytes), step, rows[i].lines,
			    rows[i].flushed);
}

static void a_nul_does_not_end_a_line(void **state)
{
	struct line_splitter splitter = { .partial = NULL };
	struct text seen;

	text_init_heap(&seen, 100);
	line_splitter_feed(&splitter, "a\0b\n", 4, gather, &seen);
	assert_int_equal(seen.length_bytes, 4);
	assert_memory_equal(seen.data, "a\0b|", 4);
	line_splitter_flush(&splitter, gather, &seen);
	text_deinit(&seen);
}

/* extra bytes more than fit into a line, then a newline and one more line. */
static void check_long(size_t length, size_t step)
{
	struct text bytes, lines;

	text_init_heap(&bytes, 1 << 20);
	text_init_heap(&lines, 1 << 20);
	for (size_t i = 0; i < length; i++) {
		text_add(&bytes, "x");
		text_add(&lines, "x");
		if (i % LINE_MAX_BYTES == LINE_MAX_BYTES - 1 && i + 1 < length)
			text_add(&lines, "|");
	}
	text_add(&bytes, "\ny\n");
	text_add(&lines, "|y|");
	check_split(bytes.data, bytes.length_bytes, step, lines.data, "");
	text_deinit(&bytes);
	text_deinit(&lines);
}

static void an_over_long_line_is_split(void **state)
{
	static const size_t steps[] = { 1, 1000, 16383, 16384, 16385, 1 << 20 };
	static const size_t lengths[] = { LINE_MAX_BYTES - 1, LINE_MAX_BYTES, LINE_MAX_BYTES + 1,
		2 * LINE_MAX_BYTES, 2 * LINE_MAX_BYTES + 5 };

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			print_message("%zu in steps of %zu\n", lengths[i], steps[k]);
			check_long(lengths[i], steps[k]);
		}
	}
}

/* A line with secret so many bytes before the split, in steps: nothing of it comes out. */
static void check_torn(const char *secret, const char *masked, size_t before, size_t step)
{
	static char *environment[] = { (char *)"A_TOKEN=0123456789abcdef", NULL };
	struct redact redact = { .others = NULL };
	struct line_splitter splitter = { .redact = &redact };
	struct text bytes, seen;
	char *bar;

	assert_int_equal(redact_learn(&redact, environment), 0);
	text_init_heap(&bytes, 1 << 20);
	text_init_heap(&seen, 1 << 20);
	while (bytes.length_bytes + before < LINE_MAX_BYTES)
		text_add(&bytes, ".");
	text_add(&bytes, secret);
	for (size_t i = 0; i < 2 * LINE_MAX_BYTES; i++)
		text_add(&bytes, ",");
	text_add(&bytes, "\n");
	for (size_t at = 0; at < bytes.length_bytes; at += step)
		line_splitter_feed(&splitter, bytes.data + at,
		    bytes.length_bytes - at < step ? bytes.length_bytes - at : step, gather, &seen);
	bar = strchr(seen.data, '|');
	assert_ptr_equal(bar, seen.data + LINE_MAX_BYTES);
	memmove(bar, bar + 1, strlen(bar)); /* the mask itself may be torn */
	assert_non_null(strstr(seen.data, masked));
	assert_null(strpbrk(seen.data, "0123456789"));
	line_splitter_flush(&splitter, gather, &seen);
	assert_ptr_equal(splitter.redact, &redact);
	text_deinit(&bytes);
	text_deinit(&seen);
	redact_deinit(&redact);
}

static void a_split_tears_no_secret(void **state)
{
	static const struct {
		const char *secret;
		const char *masked;
	} rows[] = {
		{ "x0123456789abcdefx", "x***x" },
		{ " token=0123456789 ", " token=*** " },
		{ "{\"token\":  \"0123456789\"}", "{\"token\":  \"***\"}" },
		{ " Bearer 0123456789 ", " Bearer *** " },
		{ " --a-token 0123456789 ", " --a-token *** " },
	};
	static const size_t steps[] = { 13, 4096, 1 << 20 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(steps); k++)
			for (size_t before = 0; before < 28; before++) {
				print_message(
				    "%zu, %zu before, steps of %zu\n", i, before, steps[k]);
				check_torn(rows[i].secret, rows[i].masked, before, steps[k]);
			}
}

/* Linked with --wrap=realloc: after so many calls there is no memory any more. */
static unsigned calls_left = UINT_MAX;

void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes)
{
	return calls_left && calls_left-- ? __real_realloc(memory, bytes) : NULL;
}

struct teller {
	const struct redact *redact;
	struct text seen;
};

/* As whoever tells lines does it, with memory enough. */
static void gather_redacted(void *data, const char *line, size_t length_bytes)
{
	struct teller *teller = data;
	unsigned left = calls_left;
	struct text masked;

	calls_left = UINT_MAX;
	text_init_heap(&masked, 1 << 20);
	if (redact_line(teller->redact, line, length_bytes, &masked))
		gather(&teller->seen, masked.data, masked.length_bytes);
	else
		gather(&teller->seen, line, length_bytes);
	text_deinit(&masked);
	calls_left = left;
}

/* One piece comes when there is memory for so many calls only: nothing of the secret comes out. */
static void check_lost(const struct text *bytes, size_t step, size_t short_at, unsigned calls)
{
	static char *environment[] = { (char *)"A_TOKEN=0123456789abcdef", NULL };
	struct redact redact = { .others = NULL };
	struct line_splitter splitter = { .redact = &redact };
	struct teller teller = { .redact = &redact };
	size_t count = 0;

	print_message("step %zu, short at %zu, after %u\n", step, short_at, calls);
	assert_int_equal(redact_learn(&redact, environment), 0);
	text_init_heap(&teller.seen, 1 << 20);
	for (size_t at = 0; at < bytes->length_bytes; at += step, count++) {
		calls_left = count == short_at ? calls : UINT_MAX;
		line_splitter_feed(&splitter, bytes->data + at,
		    bytes->length_bytes - at < step ? bytes->length_bytes - at : step,
		    gather_redacted, &teller);
		calls_left = UINT_MAX;
	}
	line_splitter_flush(&splitter, gather_redacted, &teller);
	assert_null(strpbrk(teller.seen.data, "0123456789"));
	assert_non_null(strstr(teller.seen.data, "|next|"));
	text_deinit(&teller.seen);
	redact_deinit(&redact);
}

static void without_memory_no_secret_is_torn(void **state)
{
	static const size_t lengths[] = { 0, 100, LINE_MAX_BYTES - 8,
		LINE_MAX_BYTES + REDACT_SECRET_BYTES - 8 };
	static const size_t steps[] = { 7, 4096, 20000 };
	struct text bytes;

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		text_init_heap(&bytes, 1 << 20);
		while (bytes.length_bytes < lengths[i])
			text_add(&bytes, ".");
		text_add(&bytes, "0123456789abcdef and more\nnext\n");
		for (size_t k = 0; k < ARRAY_LEN(steps); k++) {
			size_t pieces = bytes.length_bytes / steps[k];
			size_t first = pieces > 7 ? pieces - 7 : 0;

			for (size_t at = first; at <= pieces; at++)
				for (unsigned calls = 0; calls < 4; calls++)
					check_lost(&bytes, steps[k], at, calls);
		}
		text_deinit(&bytes);
	}
}

static void a_splitter_takes_no_memory_for_whole_lines(void **state)
{
	struct line_splitter splitter = { .partial = NULL };
	struct text seen;

	text_init_heap(&seen, 100);
	line_splitter_feed(&splitter, "a\nb\n", 4, gather, &seen);
	assert_null(splitter.partial);
	line_splitter_feed(&splitter, "c", 1, gather, &seen);
	assert_true(splitter.size_bytes <= 128);
	line_splitter_flush(&splitter, gather, &seen);
	text_deinit(&seen);
}

static void the_ring_keeps_the_last_lines(void **state)
{
	struct line_ring ring = { .bytes = 0 };
	const char *lines[LINE_RING_COUNT];
	char line[16];

	assert_int_equal(line_ring_get(&ring, lines), 0);
	line_ring_add(&ring, "stdout", "0", 1, 1000);
	assert_int_equal(line_ring_get(&ring, lines), 1);
	assert_string_equal(lines[0], "0");
	for (int i = 1; i < LINE_RING_COUNT + 3; i++)
		line_ring_add(&ring, "stdout", line, (size_t)snprintf(line, sizeof(line), "%d", i),
		    1000 + (uint64_t)i);
	assert_int_equal(line_ring_get(&ring, lines), LINE_RING_COUNT);
	assert_string_equal(lines[0], "3");
	assert_string_equal(lines[LINE_RING_COUNT - 1], "22");
	assert_int_equal(ring.last_at_ms, 1022);
	line_ring_deinit(&ring);
	assert_int_equal(line_ring_get(&ring, lines), 0);
	line_ring_deinit(&ring);
}

static void kept_lines_are_printable_and_cut(void **state)
{
	struct line_ring ring = { .bytes = 0 };
	const char *lines[LINE_RING_COUNT];
	char line[3000];

	memset(line, 'x', sizeof(line));
	line_ring_add(&ring, "stdout", line, sizeof(line), 1);
	line_ring_add(&ring, "stderr", "\033[31mred\033[0m\t\xff", 14, 2);
	assert_int_equal(line_ring_get(&ring, lines), 2);
	assert_int_equal(strlen(lines[0]), LINE_RING_BYTES - 1);
	assert_string_equal(lines[1], "red\\x09\\xff");
	line_ring_deinit(&ring);
}

static void the_ring_has_a_cap_of_lines_and_of_bytes(void **state)
{
	struct line_ring ring = { .bytes = 0 };
	char line[LINE_RING_BYTES];
	size_t sum = 0;

	for (int i = 0; i < 2 * LINE_RING_KEPT_COUNT; i++)
		line_ring_add(&ring, "stdout", line, (size_t)snprintf(line, sizeof(line), "%d", i),
		    (uint64_t)i);
	assert_int_equal(ring.ring.count, LINE_RING_KEPT_COUNT);
	assert_string_equal(line_ring_at(&ring, 0)->line, "512");
	assert_int_equal(line_ring_at(&ring, 0)->at_ms, 512);
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 3 * LINE_RING_KEPT_COUNT; i++)
		line_ring_add(&ring, "stderr", line, 1000, 5000);
	assert_int_equal(ring.ring.count, 65);
	for (size_t i = 0; i < ring.ring.count; i++)
		sum += strlen(line_ring_at(&ring, i)->line);
	assert_int_equal(ring.bytes, sum);
	assert_string_equal(line_ring_at(&ring, 3)->stream, "stderr");
	line_ring_deinit(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_lines_however_they_come),
		cmocka_unit_test(a_nul_does_not_end_a_line),
		cmocka_unit_test(an_over_long_line_is_split),
		cmocka_unit_test(a_split_tears_no_secret),
		cmocka_unit_test(a_splitter_takes_no_memory_for_whole_lines),
		cmocka_unit_test(without_memory_no_secret_is_torn),
		cmocka_unit_test(the_ring_keeps_the_last_lines),
		cmocka_unit_test(kept_lines_are_printable_and_cut),
		cmocka_unit_test(the_ring_has_a_cap_of_lines_and_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
