#include "core/page.h"

#include <string.h>

#include "core/status_words.h"

unsigned page_columns(const char *bytes, size_t length_bytes)
{
	unsigned count = 0;

	for (size_t i = 0; i < length_bytes; i++)
		count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
	return count;
}

void page_add_coloured(
    const struct page *page, const char *colour, const char *word, unsigned width)
{
	unsigned used = page_columns(word, strlen(word));

	if (page->has_colour && colour[0])
		text_addf(page->text, "\033[%sm%s\033[0m", colour, word);
	else
		text_add(page->text, word);
	text_addf(page->text, "%*s", width > used ? (int)(width - used) : 0, "");
}

void page_add_words(const struct page *page, const char *words, unsigned at, unsigned indent)
{
	bool is_first = true;

	while (*words) {
		size_t length = strcspn(words, " ");
		unsigned wanted = page_columns(words, length);

		if (!is_first && at + 1 + wanted > page->width) {
			text_addf(page->text, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!is_first) {
			text_add(page->text, " ");
			at++;
		}
		text_add_bytes(page->text, words, length);
		at += wanted;
		words += length;
		words += strspn(words, " ");
		is_first = false;
	}
	text_add(page->text, "\n");
}

void page_add_entry(const struct page *page, const char *label, const struct text *words)
{
	if (!words->length_bytes)
		return;
	text_addf(page->text, "  %-*s", PAGE_LABEL_COLUMNS - 2, label);
	page_add_words(page, words->data, PAGE_LABEL_COLUMNS, PAGE_LABEL_COLUMNS);
}

void page_add_strings(
    const struct page *page, const char *label, const struct snapshot_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++) {
		char buffer[PAGE_LINE_MAX_BYTES];
		struct text words;

		text_init(&words, buffer, sizeof(buffer));
		status_add_outside(&words, strings->items[i]);
		page_add_entry(page, label, &words);
	}
}

void page_add_output(const struct page *page, const char *line, size_t length_bytes)
{
	text_add(page->text, "    | ");
	text_add_printable(page->text, line, length_bytes, PAGE_LINE_MAX_BYTES);
	text_add(page->text, "\n");
}

void page_add_message(const struct page *page, const char *message)
{
	while (message && *message) {
		size_t length = strcspn(message, "\n");

		page_add_output(page, message, length);
		message += length;
		message += *message == '\n';
	}
}

void page_end_line(const struct page *page)
{
	struct text *text = page->text;

	while (text->length_bytes && text->data[text->length_bytes - 1] == ' ')
		text->data[--text->length_bytes] = '\0';
	text_add(text, "\n");
}
