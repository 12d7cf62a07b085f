#include "test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/redact.h"
#include "util/macros.h"

static const char *const environment[] = { "OPENCLAW_GATEWAY_TOKEN=hunter2-hunter2",
	"API_KEY=short", "PATH=/usr/bin:/bin", "DB_PASSWORD=two words", "NO_VALUE",
	"X_SECRET=hunter2-hunter2-more", "TOKEN_FILE=/a/file/not/secret", NULL };

static void check(const struct redact *redact, const char *line, const char *wanted)
{
	size_t length = strlen(line);
	char *exact = malloc(length + 1);
	struct text out;
	bool is_masked;

	memcpy(exact + 1, line, length); /* no byte before it, none behind it */
	text_init_heap(&out, 65536);
	text_add(&out, "");
	is_masked = redact_line(redact, exact + 1, length, &out);
	print_message("%s\n", line);
	assert_int_equal(is_masked, strcmp(line, wanted) != 0);
	assert_string_equal(is_masked ? out.data : line, wanted);
	text_deinit(&out);
	free(exact);
}

static void secrets_are_known_by_what_stands_before_them(void **state)
{
	static const struct {
		const char *line;
		const char *wanted;
	} rows[] = {
		{ "", "" },
		{ "nothing to hide: 1 = 2", "nothing to hide: 1 = 2" },
		{ "token=abc", "token=***" },
		{ "token=abc def", "token=*** def" },
		{ "http://127.0.0.1:18789/#token=abc", "http://127.0.0.1:18789/#token=***" },
		{ "/x?a=1&access_token=abc&b=2", "/x?a=1&access_token=***&b=2" },
		{ "OPENCLAW_GATEWAY_TOKEN=abc", "OPENCLAW_GATEWAY_TOKEN=***" },
		{ "Password=abc SECRET='a b' api_key=\"a \\\" b\" Api-Key=x",
		    "Password=*** SECRET='***' api_key=\"***\" Api-Key=***" },
		{ "token= next", "token= next" },
		{ "token=", "token=" },
		{ "tokens=3 tokenize=4", "tokens=3 tokenize=4" },
		{ "{\"token\": \"abc\", \"a\": 1}", "{\"token\": \"***\", \"a\": 1}" },
		{ "{\"gatewayToken\":\"abc\"}", "{\"gatewayToken\":\"***\"}" },
		{ "{'secret':'abc'}", "{'secret':'***'}" },
		{ "{ \"token\" : \"abc\" }", "{ \"token\" : \"***\" }" },
		{ "{ \"token\"\t:abc }", "{ \"token\"\t:*** }" },
		{ " : x", " : x" },
		{ "\" : x", "\" : x" },
		{ "{\"password\":1234}", "{\"password\":***}" },
		{ "{\"password\":1234,\"b\":2}", "{\"password\":***,\"b\":2}" },
		{ "{\\\"token\\\":\\\"abc\\\",\\\"b\\\":1}",
		    "{\\\"token\\\":\\\"***\\\",\\\"b\\\":1}" },
		{ "\"token\": \"abc", "\"token\": \"***" },
		{ "{\"m\":\"token=abc\\\"\"}", "{\"m\":\"token=***\\\"\"}" },
		{ "token: expected", "token: expected" },
		{ "run --gateway-token abc --port 1", "run --gateway-token *** --port 1" },
		{ "run --token=abc -password  'a b' x", "run --token=*** -password  '***' x" },
		{ "the token is wrong", "the token is wrong" },
		{ "--token", "--token" },
		{ "Authorization: Bearer abc.def", "Authorization: Bearer ***" },
		{ "authorization: bearer abc", "authorization: bearer ***" },
		{ "forbearer abc", "forbearer ***" },
		{ "ssh://me:word@host/path", "ssh://***@host/path" },
		{ "http://a@b@host/", "http://***@host/" },
		{ "http://host/a@b", "http://host/a@b" },
		{ "see http://host and x@y", "see http://host and x@y" },
		{ "://@", "://@" },
		{ "token=a token=b", "token=*** token=***" },
		{ "token=http://u:p@h", "token=***" },
		{ "=", "=" },
		{ ":", ":" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(NULL, rows[i].line, rows[i].wanted);
}

static void values_of_secret_variables_are_masked_anywhere(void **state)
{
	static const struct {
		const char *line;
		const char *wanted;
	} rows[] = {
		{ "it is hunter2-hunter2!", "it is ***!" },
		{ "hunter2-hunter2hunter2-hunter2", "******" },
		{ "hunter2-hunter2-more", "***" },
		{ "short /usr/bin:/bin /a/file/not/secret",
		    "short /usr/bin:/bin /a/file/not/secret" },
		{ "password=two words, and more", "password=***, and more" },
		{ "token=abc hunter2-hunter2 token=def", "token=*** *** token=***" },
		{ "hunter2-hunter", "hunter2-hunter" },
	};
	struct redact redact = { .others = NULL };

	assert_int_equal(redact_learn(&redact, (char *const *)environment), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&redact, rows[i].line, rows[i].wanted);
	redact_deinit(&redact);
}

static void values_are_found_wherever_they_begin(void **state)
{
	struct redact redact = { .others = NULL };

	assert_int_equal(redact_learn(&redact, (char *const *)environment), 0);
	for (int before = 0; before < 1100; before++) {
		char line[1200], wanted[1200];

		snprintf(line, sizeof(line), "%*shunter2-hunter2-more%%two words", before, "");
		snprintf(wanted, sizeof(wanted), "%*s***%%***", before, "");
		check(&redact, line, wanted);
	}
	redact_deinit(&redact);
}

static void a_nul_does_not_end_a_secret(void **state)
{
	static const char line[] = "token=a\0b c";
	struct text out;

	text_init_heap(&out, 100);
	assert_true(redact_line(NULL, line, sizeof(line) - 1, &out));
	assert_string_equal(out.data, "token=*** c");
	text_deinit(&out);
}

static void ansi_codes_hide_no_secret(void **state)
{
	static const struct {
		const char *line;
		const char *wanted;
	} rows[] = {
		/* They stay where they do no harm. */
		{ "\033[32mtoken=abc\033[0m \033[1mbold\033[0m",
		    "\033[32mtoken=*** \033[1mbold\033[0m" },
		{ "\033[32mhunter2-hunter2\033[0m", "\033[32m***\033[0m" },
		{ "\033[32mnothing\033[0m", "\033[32mnothing\033[0m" },
		/* Between name and sign, in a name, in a value. */
		{ "\033[1mtoken\033[0m=abc \033[1mbold\033[0m", "token=*** bold" },
		{ "tok\033[0men=abc", "token=***" },
		{ "\033[1m--gateway-token\033[0m abc", "--gateway-token ***" },
		{ "Bearer\033[0m \033[33mabc", "Bearer ***" },
		{ "hunter2-\033[4mhun\033]0;title\007ter2 x", "*** x" },
		{ "token=abc pass\033[mword=def", "token=*** password=***" },
		{ "\033", "\033" },
	};
	struct redact redact = { .others = NULL };

	assert_int_equal(redact_learn(&redact, (char *const *)environment), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(&redact, rows[i].line, rows[i].wanted);
	redact_deinit(&redact);
}

static void values_of_others_are_masked_and_kept_once(void **state)
{
	static char *ours[] = { (char *)"A_TOKEN=of-ours-12", NULL };
	static char *theirs[] = { (char *)"A_TOKEN=of-ours-12", (char *)"B_KEY=of-theirs-34",
		NULL };
	static char *later[] = { (char *)"B_KEY=of-later-56", NULL };
	struct redact base = { .others = NULL }, redact = { .others = &base };

	assert_int_equal(redact_learn(&base, ours), 0);
	assert_int_equal(redact_learn(&redact, theirs), 0);
	assert_int_equal(redact.values.count, 1);
	check(&redact, "of-ours-12 of-theirs-34 of-later-56", "*** *** of-later-56");
	assert_int_equal(redact_learn(&redact, later), 0);
	check(&redact, "of-ours-12 of-theirs-34 of-later-56", "*** of-theirs-34 ***");
	redact_deinit(&redact);
	redact_deinit(&base);
}

static void each_line_of_a_value_is_masked(void **state)
{
	static char *ours[] = { (char *)"A_TOKEN=with-a-newline\n",
		(char *)"B_KEY= blanks around\t",
		(char *)"C_KEY=-----BEGIN-----\r\nfirst-of-two\n\nshort\nsecond-of-two",
		(char *)"D_KEY=\n \n", NULL };
	struct redact redact = { .others = NULL };

	assert_int_equal(redact_learn(&redact, ours), 0);
	check(&redact, "it is with-a-newline!", "it is ***!");
	check(&redact, "it isblanks around!", "it is***!");
	check(&redact, "first-of-two short second-of-two", "*** short ***");
	assert_int_equal(redact.values.count, 5);
	redact_deinit(&redact);
}

static void a_value_that_was_cut_off_is_masked_too(void **state)
{
	static const struct {
		const char *line;
		const char *wanted;
	} rows[] = {
		{ "", "" },
		{ "nothing", "nothing" },
		{ "it is hunter2-hunter", "it is ***" },
		{ "it is hunter2-", "it is ***" },
		{ "it is hunter2", "it is hunter2" },
		{ "hunter2-", "***" },
		{ "it is hunter2-hunter2", "it is ***" },
		{ "token=abc two word", "token=*** ***" },
		{ "hunter2- and more", "hunter2- and more" },
	};
	struct redact redact = { .others = NULL };

	assert_int_equal(redact_learn(&redact, (char *const *)environment), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char buffer[64];
		struct text out;
		bool is_masked;

		text_init(&out, buffer, sizeof(buffer));
		is_masked = redact_cut_line(&redact, rows[i].line, strlen(rows[i].line), &out);
		print_message("%s\n", rows[i].line);
		assert_int_equal(is_masked, strcmp(rows[i].line, rows[i].wanted) != 0);
		assert_string_equal(is_masked ? buffer : rows[i].line, rows[i].wanted);
	}
	redact_deinit(&redact);
}

/* Linked with --wrap=realloc: after so many calls there is no memory any more. */
static unsigned calls_left = UINT_MAX;

void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes)
{
	return calls_left && calls_left-- ? __real_realloc(memory, bytes) : NULL;
}

static void without_memory_no_secret_is_told(void **state)
{
	static const char *const lines[] = { "token=hunter2", "\033[1mtok\033[0men=hunter2",
		"token=hunter2 \033[0m",
		("\033[0m of some length, so that more is wanted than the first sixty-four bytes "
		 "tok\033[0men=hunter2 and so on, and so on, and on") };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		for (unsigned calls = 0; calls < 8; calls++) {
			struct text out;
			bool is_masked;

			text_init_heap(&out, 1000);
			calls_left = calls;
			is_masked = redact_line(NULL, lines[i], strlen(lines[i]), &out);
			calls_left = UINT_MAX;
			print_message("%s, %u\n", lines[i], calls);
			assert_true(is_masked);
			assert_true(!out.data || !strstr(out.data, "hunter2"));
			text_deinit(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_known_by_what_stands_before_them),
		cmocka_unit_test(values_of_secret_variables_are_masked_anywhere),
		cmocka_unit_test(values_are_found_wherever_they_begin),
		cmocka_unit_test(ansi_codes_hide_no_secret),
		cmocka_unit_test(values_of_others_are_masked_and_kept_once),
		cmocka_unit_test(a_nul_does_not_end_a_secret),
		cmocka_unit_test(each_line_of_a_value_is_masked),
		cmocka_unit_test(a_value_that_was_cut_off_is_masked_too),
		cmocka_unit_test(without_memory_no_secret_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
