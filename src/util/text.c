#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

void text_init(struct text *text, char *buffer, size_t size_bytes)
{
	*text = (struct text){ .data = buffer, .size_bytes = size_bytes, .cap_bytes = size_bytes };
	buffer[0] = '\0';
}

void text_init_heap(struct text *text, size_t cap_bytes)
{
	*text = (struct text){ .data = NULL, .cap_bytes = cap_bytes };
}

void text_deinit(struct text *text)
{
	free(text->data);
	*text = (struct text){ .data = NULL };
}

void text_clear(struct text *text)
{
	text->length_bytes = 0;
	text->truncated = false;
	if (text->data)
		text->data[0] = '\0';
}

/* Room for length_bytes more and the NUL; returns how many of them fit. */
static size_t text_reserve(struct text *text, size_t length_bytes)
{
	size_t wanted = text->length_bytes + length_bytes + 1, size = text->size_bytes;
	char *data;

	if (wanted > size && size < text->cap_bytes) {
		size = size ? size : 64;
		while (size < wanted && size < text->cap_bytes)
			size *= 2;
		size = size < text->cap_bytes ? size : text->cap_bytes;
		data = realloc(text->data, size);
		if (data) {
			text->data = data;
			text->size_bytes = size;
		}
	}
	if (wanted <= text->size_bytes)
		return length_bytes;
	text->truncated = true;
	return text->size_bytes ? text->size_bytes - text->length_bytes - 1 : 0;
}

/* Of a character that has been cut in two, the first part goes too. */
static void text_end_cut(struct text *text)
{
	size_t start = text->length_bytes, wanted = 1;
	unsigned char byte = 0x80;

	while (start && text->length_bytes - start < 3 && (byte & 0xc0) == 0x80)
		byte = (unsigned char)text->data[--start];
	if (byte >= 0xc0)
		wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
	if (wanted > text->length_bytes - start)
		text->length_bytes = start;
	text->data[text->length_bytes] = '\0';
}

void text_add_bytes(struct text *text, const char *bytes, size_t length_bytes)
{
	size_t fits = text_reserve(text, length_bytes);

	if (!text->data)
		return;
	memcpy(text->data + text->length_bytes, bytes, fits);
	text->length_bytes += fits;
	text->data[text->length_bytes] = '\0';
	if (fits < length_bytes)
		text_end_cut(text);
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

void text_addv(struct text *text, const char *format, va_list arguments)
{
	va_list again;
	size_t fits;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	if (length >= 0) {
		fits = text_reserve(text, (size_t)length);
		if (text->data) {
			vsnprintf(text->data + text->length_bytes, fits + 1, format, again);
			text->length_bytes += fits;
			if (fits < (size_t)length)
				text_end_cut(text);
		}
	}
	va_end(again);
}

void text_addf(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_addv(text, format, arguments);
	va_end(arguments);
}

/* Length of the ANSI escape sequence at bytes (which begins with ESC), 1 for a lone ESC. */
static size_t escape_length(const char *bytes, size_t length_bytes)
{
	size_t at = 2;

	if (length_bytes < 2)
		return length_bytes;
	if (bytes[1] == '[') { /* CSI: parameters, then one final byte 0x40-0x7e */
		while (at < length_bytes && !(bytes[at] >= 0x40 && bytes[at] <= 0x7e))
			at++;
		return at < length_bytes ? at + 1 : at;
	}
	if (bytes[1] == ']') { /* OSC: up to BEL or ST */
		while (at < length_bytes && bytes[at] != '\a' && bytes[at] != '\033')
			at++;
		if (at < length_bytes && bytes[at] == '\033')
			at++;
		return at < length_bytes ? at + 1 : at;
	}
	return 2;
}

void text_add_bare(struct text *text, const char *bytes, size_t length_bytes)
{
	const char *end = bytes + length_bytes, *escape;

	while (bytes < end) {
		escape = memchr(bytes, '\033', (size_t)(end - bytes));
		text_add_bytes(text, bytes, (size_t)((escape ? escape : end) - bytes));
		bytes = escape ? escape + escape_length(escape, (size_t)(end - escape)) : end;
	}
}

/* Are all eight from 0x20 to 0x7e? With the highest bit of each byte for the answer. */
static bool is_plain_word(const char *bytes)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x80 * ones;
	uint64_t word, without_del;

	memcpy(&word, bytes, sizeof(word));
	without_del = word ^ 0x7f * ones;
	return !(
	    (word | ((word - 0x20 * ones) & ~word) | ((without_del - ones) & ~without_del)) & tops);
}

/* How many plain ASCII characters there are at bytes. */
static size_t plain_length(const char *bytes, size_t length_bytes)
{
	size_t at = 0;

	while (at + sizeof(uint64_t) <= length_bytes && is_plain_word(bytes + at))
		at += sizeof(uint64_t);
	while (at < length_bytes && bytes[at] >= 0x20 && bytes[at] < 0x7f)
		at++;
	return at;
}

void text_add_printable(struct text *text, const char *bytes, size_t length_bytes, size_t max_bytes)
{
	size_t at = 0, step, room, end = text->length_bytes + max_bytes;
	char escaped[5];

	while (at < length_bytes) {
		if (bytes[at] == '\033') {
			at += escape_length(bytes + at, length_bytes - at);
			continue;
		}
		/* Nearly everything: in one go, since this is done for every line of output. */
		room = end - text->length_bytes;
		step =
		    plain_length(bytes + at, length_bytes - at < room ? length_bytes - at : room);
		if (step) {
			text_add_bytes(text, bytes + at, step);
			at += step;
			continue;
		}
		step = utf8_printable_length(bytes + at, length_bytes - at);
		if (text->length_bytes + (step ? step : 4) > end) {
			text->truncated = true;
			return;
		}
		if (step) {
			text_add_bytes(text, bytes + at, step);
		} else {
			snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)bytes[at]);
			text_add(text, escaped);
			step = 1;
		}
		at += step;
	}
}

/* In so many digits, at out. */
static void put_digits(char *out, unsigned number, size_t digits)
{
	while (digits) {
		out[--digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

/*
 * The proleptic Gregorian calendar by arithmetic, as strftime() would want the C library's locale
 * and time zone machinery in PID 1. Era of 400 years = 146097 days, counted from 1 March.
 */
void text_add_time(struct text *text, uint64_t epoch_ms)
{
	const uint64_t year_10000_ms = 253402300800000;
	uint64_t ms = epoch_ms < year_10000_ms ? epoch_ms : year_10000_ms - 1;
	uint64_t days = ms / 86400000 + 719468;
	unsigned in_day = (unsigned)(ms % 86400000);
	unsigned era = (unsigned)(days / 146097), day_of_era = (unsigned)(days % 146097);
	unsigned year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted_month = (5 * day_of_year + 2) / 153;
	unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
	unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
	unsigned year = year_of_era + era * 400 + (month <= 2);
	char time[] = "0000-00-00T00:00:00.000Z"; /* by hand, as it stands before every line */

	put_digits(time, year, 4);
	put_digits(time + 5, month, 2);
	put_digits(time + 8, day, 2);
	put_digits(time + 11, in_day / 3600000, 2);
	put_digits(time + 14, in_day / 60000 % 60, 2);
	put_digits(time + 17, in_day / 1000 % 60, 2);
	put_digits(time + 20, in_day % 1000, 3);
	text_add_bytes(text, time, sizeof(time) - 1);
}

void text_add_span(struct text *text, uint64_t span_ms)
{
	uint64_t seconds = span_ms / 1000;

	if (span_ms < 1000)
		text_addf(text, "%ums", (unsigned)span_ms);
	else if (seconds < 60)
		text_addf(text, "%u.%us", (unsigned)seconds, (unsigned)(span_ms % 1000 / 100));
	else if (seconds < 3600)
		text_addf(text, "%um %02us", (unsigned)seconds / 60, (unsigned)seconds % 60);
	else if (seconds < 86400)
		text_addf(
		    text, "%uh %02um", (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60));
	else
		text_addf(text, "%llud %02uh", (unsigned long long)(seconds / 86400),
		    (unsigned)(seconds / 3600 % 24));
}
