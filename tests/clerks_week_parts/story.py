"""What happens in the week, day by day, in both languages."""

TERMINAL = "998-検査室端末01"
VENDOR = "高橋メディカル"
HEADER = "アカウント,姓,名,メールアドレス,有効開始日,有効終了日,MACアドレス,接続端末,開始時間,終了時間,ファイル共有,認証連携先"
ENGINEERS = (
    f"sato,佐藤,一郎,sato@takahashi.example,2026/11/16,2027/3/31,02:00:5E:10:00:01,{TERMINAL},,,拒否,",
    f"suzuki,鈴木,花子,suzuki@takahashi.example,2026/11/16,2027/3/31,02:00:5E:10:00:O3,{TERMINAL},8:30,17:30,拒否,",
    f"tanaka,田中,次郎,tanaka@takahashi.example,2026/11/16,2027/3/31,02:00:5E:10:00:04,{TERMINAL},8:30,17:30,拒否,",
)


def tell(desk):
    begin(desk)
    monday(desk)
    monday_engineers(desk)
    tuesday(desk)
    wednesday(desk)
    thursday(desk)
    friday(desk)


def begin(desk):
    desk.say(en="# A clerk's week", ja="# 担当者の一週間")
    desk.say(
        en="One week at the IT desk of a hospital, typed into a real gateway by `tests/clerks_week`; `./check` runs it again "
           "and compares. Passwords, ids, fingerprints and addresses are examples. The facility's prefix is `998-`, its "
           "domain `example.jp`. In Japanese: [clerks-week.ja.md](clerks-week.ja.md).",
        ja="病院の情報システム担当者の一週間です。`tests/clerks_week` が実際のゲートウェイで操作した記録で、`./check` が毎回同じ操作を"
           "行って照合します。パスワード、ID、フィンガープリント、アドレスは例に置き換えています。施設の接頭辞は `998-`、ドメインは "
           "`example.jp` です。英語版は [clerks-week.md](clerks-week.md) にあります。")


def monday(desk):
    desk.time("2026-11-16 09:00")
    desk.say(en="## Monday: a new vendor", ja="## 月曜日: 新しいベンダー")
    desk.say(
        en="Takahashi Medical (高橋メディカル) will look after a machine in the laboratory. First the terminal: its address, and its "
           "certificate, whose fingerprint the laboratory reads out on the telephone.",
        ja="高橋メディカルが検査室の端末を保守することになりました。まず接続端末を登録します。証明書のフィンガープリントは、検査室に電話で"
           "読み上げてもらい、照合してから信頼します。")
    desk.type(f"sekisho-admin terminal add '{TERMINAL}' --address 127.0.0.1 --port {desk.host.port}")
    desk.answer(f"sekisho-admin terminal trust '{TERMINAL}'")
    desk.say(en="Then the vendor, with the number to call.", ja="次にベンダーを、連絡先とともに登録します。")
    desk.type(f"sekisho-admin vendor add '{VENDOR}' --kind server --note '保守窓口 03-0000-0000'")


def monday_engineers(desk):
    desk.say(
        en="The vendor has sent a list of three engineers, kept in Excel. First a look at what it would do. Somebody has typed "
           "the letter O for a zero in Suzuki's MAC address.",
        ja="ベンダーから、Excelで作成した3名のエンジニアの一覧が届きました。まず、登録するとどうなるかを確認します。鈴木さんのMACアドレスで、"
           "数字の0が英字のOになっていました。")
    desk.file("engineers.csv", "\ufeff" + "\r\n".join((HEADER, *ENGINEERS)) + "\r\n")
    desk.type(f"sekisho-admin account import engineers.csv --vendor '{VENDOR}' --dry-run", status=1)
    desk.say(
        en="The vendor confirms the right address; the list is mended and imported. The result file holds the initial "
           "passwords: it is handed over, and deleted.",
        ja="ベンダーに正しいアドレスを確認し、一覧を直して登録します。初期パスワードは結果ファイルに書き込まれます。本人に渡したら削除します。")
    desk.file("engineers.csv", "\ufeff" + "\r\n".join((HEADER, *ENGINEERS)).replace(":O3", ":03") + "\r\n")
    desk.answer(f"sekisho-admin account import engineers.csv --vendor '{VENDOR}' --result result.csv")
    desk.type("cut -d, -f1-3,13-14 result.csv")
    desk.type(f"sekisho-admin account list --vendor '{VENDOR}'")


def tuesday(desk):
    desk.say(en="## Tuesday: a night's work", ja="## 火曜日: 夜間作業")
    desk.say(
        en="Sato works on the machine from 21:40 to 23:05. The clerk has gone home; the gateway keeps the log.",
        ja="佐藤さんが21時40分から23時05分まで端末で作業しました。担当者は帰宅していますが、ゲートウェイが記録しています。")
    desk.time("2026-11-17 21:40")
    client = desk.connect("sato", TERMINAL)
    desk.time("2026-11-17 23:05")
    desk.log_off(client)
    desk.facility.wait_end("sato")


def wednesday(desk):
    desk.time("2026-11-18 09:10")
    desk.say(en="## Wednesday: who was on that machine on Tuesday night?", ja="## 水曜日: 火曜日の夜、あの端末を使っていたのは誰か")
    desk.say(
        en="The security officer saw traffic from the laboratory on Tuesday night and asks whose it was.",
        ja="セキュリティ担当者から、火曜日の夜に検査室との通信があったが誰のものか、と問い合わせがありました。")
    desk.type(f"sekisho-admin log connections --terminal '{TERMINAL}' --from 2026-11-17T18:00 --until 2026-11-18T06:00")
    desk.say(en="More of it, by the whole id, which `--csv` and `--json` show:",
             ja="詳細は完全なセッションIDで表示します (IDは `--csv` と `--json` で確認できます)。")
    desk.type(f"sekisho-admin session show {desk.session}")
    desk.say(
        en="The contract is renewed until the end of March 2028: all engineers of the vendor get the new last day.",
        ja="保守契約が2028年3月末まで更新されたため、ベンダーのエンジニア全員の有効終了日をまとめて変更します。")
    desk.answer(f"sekisho-admin account extend --vendor '{VENDOR}' --until 2028-03-31 --because '保守契約の更新'")
    desk.say(
        en="In the afternoon Suzuki reports a lost laptop. The account is locked at once, the device struck off.",
        ja="午後、鈴木さんからノートPC紛失の連絡がありました。すぐにアカウントをロックし、端末の登録を外します。")
    desk.time("2026-11-18 14:25")
    desk.type("sekisho-admin account lock suzuki --because 'ノートPCの紛失'")
    desk.type("sekisho-admin account edit suzuki --remove-mac 02:00:5E:10:00:03 --because 'ノートPCの紛失'")


def thursday(desk):
    desk.time("2026-11-19 19:12")
    desk.say(en="## Thursday: somebody cannot connect", ja="## 木曜日: 接続できないという連絡")
    desk.say(
        en="At 19:12 Tanaka calls: the gateway does not let him in. Why, and until when?",
        ja="19時12分、田中さんから接続できないと電話がありました。理由と、いつから接続できるかを調べます。")
    desk.type(f"sekisho-admin explain --account tanaka --terminal '{TERMINAL}'", status=1)
    desk.say(
        en="The work is urgent and the laboratory agrees: until 21:00 on weekdays from now on.",
        ja="急ぎの作業で、検査室も了承しているため、接続可能時間を21時までに変更します。")
    desk.type("sekisho-admin account edit tanaka --hours 08:30-21:00 --because '検査室の依頼'")
    desk.type(f"sekisho-admin --json explain --account tanaka --terminal '{TERMINAL}' | grep -m 4 -E '\"(at|allowed|rule|changes)\"'")


def friday(desk):
    desk.time("2026-11-20 16:30")
    desk.say(en="## Friday: stock-taking, backup, logs", ja="## 金曜日: 棚卸し、バックアップ、ログの検証")
    desk.say(
        en="Which accounts need a look? The list is checked with the vendor, and signed.",
        ja="確認が必要なアカウントを洗い出し、ベンダーと照合して、確認済みとして記録します。")
    shown = desk.type(f"sekisho-admin account review --vendor '{VENDOR}'")
    desk.answer(f"sekisho-admin account review sign --vendor '{VENDOR}' --list-hash {desk.hash_in(shown)} --note '高橋メディカルと確認'")
    desk.say(en="A backup before the weekend.", ja="週末の前にバックアップを取ります。")
    desk.answer("sekisho-admin backup create --note '週末前'")
    desk.type("sekisho-admin backup list")
    desk.say(en="What has been changed this week, and is the log whole?", ja="今週の変更内容と、ログの完全性を確認します。")
    desk.type("sekisho-admin log admin --from 2026-11-16T09:00")
    desk.type("sekisho-admin log verify")
