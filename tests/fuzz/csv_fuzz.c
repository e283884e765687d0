/* Whatever file somebody imports: policy/csv/reader.h, and what a row says: policy/csv/account_columns.h. */
#include "fuzz.h"

#include "policy/csv/account_columns.h"

#include <string.h>

static struct csv_reader reader, other;

/* The same record comes out of what the writer makes of it. */
static void
write_and_read_again(void)
{
	static char room[3 * CSV_RECORD_MAX];
	struct csv_writer writer;
	size_t used, len, other_len;

	csv_writer_init(&writer, room, sizeof(room));
	csv_put(&writer, "x");
	for (size_t i = 0; i < reader.count && i + 1 < CSV_COLUMNS_MAX; i++)
		csv_put(&writer, csv_cell(&reader, i, NULL));
	csv_end_record(&writer);
	fuzz_expect(!writer.full);
	csv_reader_init(&other);
	fuzz_expect(csv_reader_feed(&other, room, writer.len, &used) == CSV_RECORD);
	fuzz_expect(used == writer.len);
	for (size_t i = 0; i + 1 < other.count; i++) {
		const char *cell = csv_cell(&reader, i, &len);
		const char *again = csv_plain(csv_cell(&other, i + 1, &other_len));

		fuzz_expect(strlen(cell) == len && strcmp(cell, again) == 0);
	}
}

/* The cells of a record as those of an import. */
static void
read_as_account(void)
{
	json_t *cells = json_object(), *fields = NULL;
	struct cell_error error;

	for (size_t i = 0; i < reader.count && i < ACCOUNT_COLUMN_COUNT; i++)
		(void)json_object_set_new(cells, account_column_row((enum account_column)i)->key,
			json_string(csv_cell(&reader, i, NULL)));
	if (account_cells_read(cells, &fields, &error) == 0)
		fuzz_expect(json_is_object(fields));
	else
		fuzz_expect(error.rule != NULL && error.column < ACCOUNT_COLUMN_COUNT);
	json_decref(fields);
	json_decref(cells);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *headings[CSV_COLUMNS_MAX];
	struct account_header header;
	struct account_header_error error;
	enum csv_step step = CSV_MORE;
	size_t used;

	csv_reader_init(&reader);
	for (size_t at = 0; at <= len && step != CSV_BAD; at += used) {
		used = 1;
		step = at == len ? csv_reader_end(&reader)
				 : csv_reader_feed(
					   &reader, (const char *)bytes + at, len - at, &used);
		fuzz_expect(used > 0 && used <= len - at + (at == len));
		if (step == CSV_BAD)
			fuzz_expect(reader.why != NULL && reader.count <= CSV_COLUMNS_MAX);
		if (step != CSV_RECORD)
			continue;
		fuzz_expect(reader.count > 0 && reader.count <= CSV_COLUMNS_MAX);
		for (size_t i = 0; i < reader.count; i++)
			headings[i] = csv_cell(&reader, i, NULL);
		if (account_header_read(headings, reader.count, &header, &error) == 0)
			fuzz_expect(header.count == reader.count);
		write_and_read_again();
		read_as_account();
	}
	return 0;
}

void
fuzz_give_seeds(struct fuzz_seeds *seeds)
{
	static const char file[] =
		"アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,"
		"開始時間,"
		"終了時間,ファイル共有,認証連携先,種別,ベンダー,優先度,保護,ロック\r\n"
		"998-taro@example.jp,山田,太郎,taro@example.jp,2025/1/1,2026/12/31,"
		"\"AA:BB:CC:DD:EE:FF,00-11-22-33-44-55\",\"a,b\",8:30,17:30,承認後に許可,,"
		"エンジニア,\"ＡＢＣ, \"\"Inc\"\"\",\"1,0\",\"line 1\nline 2\",ロック中\r\n";
	static const char wide[] =
		"ｘ,a,b,c@d,２０２５/1/1,2025-01-02,,,\"8:30:00\",,deny\n'=x\r\n";

	fuzz_seed(seeds, file, sizeof(file) - 1);
	fuzz_seed(seeds, wide, sizeof(wide) - 1);
}
