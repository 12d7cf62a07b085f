#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/http_reply.h"
#include "util/macros.h"

static const struct status_codes usual = { .items = { 200, 401 } };

static void replies_are_judged(void **state)
{
	static const struct {
		const char *reply;
		bool is_end;
		const char *expect;
		int result;
		const char *message; /* NULL: none */
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", false, NULL, 1, NULL },
		{ "HTTP/1.0 401 Unauthorized\r\n", false, NULL, 1, NULL },
		{ "HTTP/1.1 200", false, NULL, 0, NULL },
		{ "HTTP/1.1 200", true, NULL, 1, NULL },
		{ "HTTP/1.1 200\r\n", false, NULL, 1, NULL },
		{ "HTTP/1.1 2000 OK\r\n", true, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1 200x OK\r\n", true, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1 503 Busy\r\n", false, NULL, -EBADMSG, "HTTP status 503" },
		{ "HTTP/1.1 302 Found\r\nLocation: /x\r\n", false, NULL, -EBADMSG,
		    "HTTP status 302" },
		{ "HTTP/1.1 500 No\r\n", false, NULL, -EBADMSG, "HTTP status 500" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n"
		  "{\"ok\":true}\r\n",
		    false, "\"ok\":true", 1, NULL },
		{ "HTTP/1.1 204 None\r\n", true, NULL, -EBADMSG, "HTTP status 204" },
		{ "HTTP/1.1 000 Nil\r\n", true, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1 099 Nil\r\n", true, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1", false, NULL, 0, NULL },
		{ "", false, NULL, 0, NULL },
		{ "", true, NULL, -EPROTO, "the connection was closed without a reply" },
		{ "HTTP/1.1", true, NULL, -EPROTO, "the reply is no HTTP" },
		{ "SSH-2.0-OpenSSH_9.2\r\n", false, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/2.0 200 OK\r\n", false, NULL, -EPROTO, "the reply is no HTTP" },
		{ "http/1.1 200 OK\r\n", false, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1200 OK    ", false, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1 -20 OK\r\n", false, NULL, -EPROTO, "the reply is no HTTP" },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"ok\":true}", false, "\"ok\":true", 1, NULL },
		{ "HTTP/1.1 200 OK\r\n\r\n{\"ok\":", false, "\"ok\":true", 0, NULL },
		{ "HTTP/1.1 200 OK\r\n\r\n<html>", true, "\"ok\":true", -ENOMSG,
		    "HTTP status 200, but without '\"ok\":true'" },
		{ "HTTP/1.1 401 No\r\n\r\n", false, "\"ok\":true", 1, NULL },
		{ "HTTP/1.1 200 OK\r\n\r\n", true, "", 1, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error error = { .message = "" };

		print_message("%s\n", rows[i].reply);
		assert_int_equal(http_reply_judge(rows[i].reply, strlen(rows[i].reply),
				     rows[i].is_end, &usual, rows[i].expect, &error),
		    rows[i].result);
		assert_string_equal(error.message, rows[i].message ? rows[i].message : "");
	}
}

static void bytes_behind_a_nul_are_looked_at_too(void **state)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\n\r\n\0ready";

	assert_int_equal(
	    http_reply_judge(reply, sizeof(reply) - 1, true, &usual, "ready", NULL), 1);
}

static void no_reply_is_read_past_its_end(void **state)
{
	/* Not terminated, each length at the end of its own block: the sanitizers watch. */
	static const char reply[] = "HTTP/1.1 200 OK";

	for (size_t length = 0; length < sizeof(reply) - 1; length++) {
		char *copy = malloc(length + 1);

		memcpy(copy + 1, reply, length);
		copy[0] = 'x';
		assert_int_equal(
		    http_reply_judge(copy + 1, length, false, &usual, NULL, NULL) < 0, 0);
		free(copy);
	}
}

static void requests_have_their_form(void **state)
{
	static const struct probe_target ipv4 = {
		.address = { 127, 0, 0, 1 }, .port = 18789, .path = (char *)"/health?x=1"
	};
	static const struct probe_target ipv6 = {
		.is_ipv6 = true, .address = { [15] = 1 }, .port = 80, .path = (char *)"/"
	};
	char buffer[256], small[10];
	size_t length = http_request_format(&ipv4, buffer, sizeof(buffer));

	assert_int_equal(length, strlen(buffer));
	assert_string_equal(buffer,
	    "GET /health?x=1 HTTP/1.0\r\nHost: 127.0.0.1:18789\r\nUser-Agent: nemoinit\r\n"
	    "Connection: close\r\n\r\n");
	http_request_format(&ipv6, buffer, sizeof(buffer));
	assert_non_null(strstr(buffer, "\r\nHost: [::1]:80\r\n"));
	assert_int_equal(http_request_format(&ipv4, small, sizeof(small)), 9);
	assert_string_equal(small, "GET /heal");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_judged),
		cmocka_unit_test(bytes_behind_a_nul_are_looked_at_too),
		cmocka_unit_test(no_reply_is_read_past_its_end),
		cmocka_unit_test(requests_have_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
