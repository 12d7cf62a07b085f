/* Feeds a fuzz target every file of the directories in the arguments, each in a block of its own.
 */
#include <dirent.h>

#include "fuzz.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static void feed(const char *path)
{
	static uint8_t buffer[FILE_MAX_BYTES];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(buffer, 1, sizeof(buffer), file) : 0;
	uint8_t *data = malloc(size + !size);

	must(file && data);
	(void)fclose(file);
	memcpy(data, buffer, size);
	fprintf(stderr, "%s\n", path);
	must(LLVMFuzzerTestOneInput(data, size) == 0);
	free(data);
}

static unsigned feed_all(const char *directory)
{
	DIR *list = opendir(directory);
	unsigned count = 0;
	struct dirent *entry;

	must(list);
	while ((entry = readdir(list))) {
		char path[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		feed(path);
		count++;
	}
	closedir(list);
	return count;
}

int main(int argc, char **argv)
{
	unsigned count = 0;

	for (int i = 1; i < argc; i++)
		count += feed_all(argv[i]);
	must(count > 0);
	printf("%u inputs\n", count);
	return 0;
}
