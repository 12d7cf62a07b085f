/* Our own log at the end: who reads late gets all of it, who does not read holds nobody up. */
#include "test.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/clock.h"
#include "io/log.h"
#include "io/loop.h"

enum {
	LINES = 900, /* more than a pipe holds, less than that and the queue */
	LINE_BYTES = 100,
	PATIENCE_MS = 20000,
};

struct fixture {
	struct loop *loop;
	struct log *log;
	int ends[2]; /* of stdout */
	int go[2];   /* a byte tells the reader to begin */
	pid_t reader;
};

/* 0 if all lines come. */
static int read_all(const struct fixture *fixture)
{
	char buffer[4096];
	size_t total = 0;
	ssize_t length = read(fixture->go[0], buffer, 1);

	while (length > 0 && (length = read(fixture->ends[0], buffer, sizeof(buffer))) > 0)
		total += (size_t)length;
	return total != LINES * LINE_BYTES;
}

static void begin(struct fixture *fixture)
{
	char line[LINE_BYTES];

	memset(line, 'x', sizeof(line));
	line[LINE_BYTES - 1] = '\n';
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_int_equal(pipe(fixture->ends), 0);
	assert_int_equal(pipe(fixture->go), 0);
	fixture->reader = fork();
	assert_true(fixture->reader >= 0);
	if (!fixture->reader) {
		close(fixture->ends[1]);
		close(fixture->go[1]);
		_exit(read_all(fixture));
	}
	close(fixture->ends[0]);
	close(fixture->go[0]);
	assert_int_equal(loop_new(&fixture->loop), 0);
	assert_int_equal(log_new(fixture->loop, fixture->ends[1], &fixture->log), 0);
	for (int i = 0; i < LINES; i++)
		log_write(fixture->log, line, sizeof(line));
	log_flush(fixture->log);
	assert_int_equal(log_dropped(fixture->log), 0);
}

/* Returns what the reader has to say. */
static int end(struct fixture *fixture)
{
	int status;

	log_free(&fixture->log);
	loop_free(fixture->loop);
	close(fixture->ends[1]);
	close(fixture->go[1]);
	assert_int_equal(waitpid(fixture->reader, &status, 0), fixture->reader);
	return status;
}

static void a_late_reader_gets_the_last_line(void **state)
{
	struct fixture fixture;

	begin(&fixture);
	assert_int_equal(write(fixture.go[1], "", 1), 1);
	log_finish(fixture.log, PATIENCE_MS);
	assert_int_equal(end(&fixture), 0);
}

static void who_does_not_read_is_not_waited_for_longer(void **state)
{
	struct fixture fixture;
	uint64_t began_ms;

	begin(&fixture);
	began_ms = clock_now_ms();
	log_finish(fixture.log, 30);
	assert_in_range(clock_now_ms() - began_ms, 29, PATIENCE_MS);
	assert_int_not_equal(end(&fixture), 0);
}

static void who_is_gone_is_not_waited_for(void **state)
{
	struct fixture fixture;
	uint64_t began_ms;
	int status;

	begin(&fixture);
	assert_int_equal(kill(fixture.reader, SIGKILL), 0);
	assert_int_equal(waitpid(fixture.reader, &status, 0), fixture.reader);
	fixture.reader = fork();
	if (!fixture.reader)
		_exit(0);
	began_ms = clock_now_ms();
	log_finish(fixture.log, 10 * PATIENCE_MS);
	assert_in_range(clock_now_ms() - began_ms, 0, PATIENCE_MS);
	assert_true(log_dropped(fixture.log) > 0);
	assert_int_equal(end(&fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_late_reader_gets_the_last_line),
		cmocka_unit_test(who_does_not_read_is_not_waited_for_longer),
		cmocka_unit_test(who_is_gone_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
