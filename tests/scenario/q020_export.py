"""recording key, verify and export on the auditor's own machine: a real session (caught between xfreerdp3 and freerdp-shadow) as a file,
opened by ffprobe and by eye. No gateway is needed."""

import json
import os
import random
import subprocess

import pytest

from recordings import PASSPHRASE, new_key

HERE = os.path.dirname(os.path.realpath(__file__))
SESSION = os.path.join(HERE, "..", "fuzz", "seeds", "playback", "gfx")


class Desk:
    """The auditor's: a folder with a key, a recording that was made for it, and the programs."""

    def __init__(self, folder, build):
        self.folder, self.build = str(folder), build
        self.line = new_key(build, self.path("key"))
        self.record("session.skr", SESSION)

    def admin(self, *words, given=PASSPHRASE, **more):
        return subprocess.run([os.path.join(self.build, "admin-cli", "sekisho-admin"), *words], cwd=self.folder, input=given, text=True,
                              capture_output=True, timeout=120, env={**os.environ, "LC_ALL": "C.UTF-8"}, **more)

    def record(self, name, records):
        with open(records, "rb") as file:
            subprocess.run([os.path.join(self.build, "tests", "recording", "recording_tool"), "make", name, name + ".hex", self.line],
                           cwd=self.folder, stdin=file, check=True)

    def export(self, *words, name="./session.skr", **more):
        return self.admin("recording", "export", name, "--key", "key", *words, **more)

    def path(self, name):
        return os.path.join(self.folder, name)

    def files(self):
        return set(os.listdir(self.folder))

    def probe(self, name):
        done = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-count_frames", "-of", "json", self.path(name)],
                              capture_output=True, check=True, text=True)
        told = json.loads(done.stdout)
        return told["streams"][0], float(told["format"]["duration"])

    def last_frame(self, name):
        return pixels(self.path(name))[1]


@pytest.fixture
def desk(tmp_path, request):
    return Desk(tmp_path, os.path.realpath(request.config.getoption("--build")))


def pixels(path):
    """Width and height of a picture or video, and R, G, B of its last frame."""
    size = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0", path],
                          capture_output=True, check=True, text=True).stdout
    width, height = (int(part) for part in size.strip().strip(",").split(","))
    frames = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
                            capture_output=True, check=True).stdout
    return (width, height), frames[-3 * width * height:]


def difference(one, other):
    """Mean of a byte's difference, 0 to 255."""
    assert len(one) == len(other)
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


@pytest.mark.parametrize("name, codec", [("out.mkv", "h264"), ("out.mp4", "h264"), ("out.webm", "vp9")])
def test_q020_a_session_becomes_a_video_that_others_open(desk, name, codec):
    done = desk.export("--video", name, "--png", "0:02")
    assert done.returncode == 0, done.stderr
    stream, seconds = desk.probe(name)
    assert (stream["codec_name"], stream["width"], stream["height"]) == (codec, 320, 240)
    assert 1.0 < seconds < 3.0 and int(stream["nb_read_frames"]) >= 8
    size, picture = pixels(desk.path("session.-000002.png"))
    assert size == (320, 240)
    # What is in the video is what was on the screen, but for its compression; and it is no empty picture.
    assert difference(picture, desk.last_frame(name)) < 4
    assert difference(picture, bytes(len(picture))) > 10


def test_q021_pictures_of_different_times_differ_and_the_sheet_has_them(desk):
    done = desk.export("--png", "0", "--png", "1,0:02", "--contact-sheet", "sheet.png")
    assert done.returncode == 0, done.stderr
    first, last = (pixels(desk.path(f"session.-00000{second}.png"))[1] for second in (0, 2))
    assert difference(first, last) > 0.05  # a line was written meanwhile
    assert pixels(desk.path("sheet.png"))[0][0] >= 320


def test_q02d_a_time_behind_the_end_has_no_picture(desk):
    before = desk.files()
    done = desk.export("--video", "out.mkv", "--png", "9:59")
    assert done.returncode == 1 and "ends before" in done.stderr, done.stderr
    assert desk.files() == before


def test_q02e_a_time_behind_the_place_where_it_breaks_has_no_picture(desk):
    with open(desk.path("session.skr"), "rb") as file:
        good = file.read()
    middle = len(good) // 2
    with open(desk.path("bad.skr"), "wb") as file:
        file.write(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:])
    before = desk.files()
    done = desk.export("--png", "0:02", name="./bad.skr")
    assert done.returncode == 1 and "cannot be read as far as" in done.stderr, done.stderr
    assert desk.files() == before
    done = desk.export("--png", "0", "--video", "bad.mkv", name="./bad.skr")
    assert done.returncode == 0 and "cannot be read any further than 0:00:01" in done.stderr, done.stderr
    # What cannot be read was not a screen at rest.
    assert desk.export("--video", "good.mkv").returncode == 0
    assert desk.probe("bad.mkv")[1] < desk.probe("good.mkv")[1]


def test_q022_what_is_written_is_the_auditors_alone_and_never_in_the_way(desk):
    assert desk.export("--video", "out.mkv").returncode == 0
    assert os.stat(desk.path("out.mkv")).st_mode & 0o777 == 0o600
    before = desk.files()
    again = desk.export("--video", "out.mkv", "--png", "1")
    assert again.returncode == 1 and "already" in again.stderr
    assert desk.export("--video", "out.avi").returncode == 2
    assert desk.export("--png", "1:70").returncode == 2
    assert desk.export().returncode == 2
    assert desk.files() == before


def test_q023_without_key_or_passphrase_nothing_is_made(desk):
    before = desk.files()
    wrong = desk.export("--video", "out.mkv", given="wrong horse battery\n")
    assert wrong.returncode == 1 and "passphrase" in wrong.stderr
    assert desk.admin("recording", "key", "new", "other", "--name", "suzuki").returncode == 0
    other = desk.admin("recording", "export", "./session.skr", "--key", "other", "--video", "out.mkv")
    assert other.returncode == 1 and "not made for the key suzuki" in other.stderr
    none = desk.admin("recording", "export", "./session.skr", "--video", "out.mkv")
    assert none.returncode == 2 and "--key" in none.stderr
    os.chmod(desk.path("key"), 0o640)
    open_key = desk.export("--video", "out.mkv")
    assert open_key.returncode == 1 and "chmod 600" in open_key.stderr
    assert desk.files() == before | {"other"}


def test_q024_a_key_is_shown_again_and_its_passphrase_is_never_an_argument(desk):
    assert desk.line.startswith("tanaka=") and len(desk.line) == len("tanaka=") + 50
    assert desk.admin("recording", "key", "show", "key", given="").stdout.strip() == desk.line
    assert os.stat(desk.path("key")).st_mode & 0o777 == 0o600
    with open(desk.path("key"), encoding="ascii") as file:
        assert "horse" not in file.read()
    short = desk.admin("recording", "key", "new", "weak", given="short\n")
    assert short.returncode == 1 and "13 characters" in short.stderr
    assert desk.admin("recording", "key", "new", "key").returncode == 1
    assert "weak" not in desk.files()


def test_q028_a_passphrase_is_as_long_as_a_person_counts_it(desk):
    """Twelve Japanese characters are 36 bytes, and too short; thirteen are not."""
    short = desk.admin("recording", "key", "new", "weak", given="あいうえおかきくけこさし\n")
    assert short.returncode == 1 and "13 characters" in short.stderr and "weak" not in desk.files()
    done = desk.admin("recording", "key", "new", "good", given="あいうえおかきくけこさしす\n")
    assert done.returncode == 0, done.stderr
    other = desk.admin("recording", "key", "new", "bytes", given="\udc82\udca0" * 20 + "\n", errors="surrogateescape")
    assert other.returncode == 1 and "UTF-8" in other.stderr and "bytes" not in desk.files()


def test_q025_what_was_changed_is_found_without_a_key(desk):
    whole = desk.admin("recording", "verify", "./session.skr")
    assert whole.returncode == 0 and "nothing was changed" in whole.stdout
    with open(desk.path("session.skr"), "rb") as file:
        good = file.read()
    for name, bad in {"flipped": good[:9000] + bytes([good[9000] ^ 1]) + good[9001:],
                      "longer": good + b"x",
                      "other": b"x" * 5000,
                      "empty": b""}.items():
        with open(desk.path(name + ".skr"), "wb") as file:
            file.write(bad)
        done = desk.admin("recording", "verify", f"./{name}.skr")
        assert done.returncode == 1 and "BROKEN" in done.stdout, name


def test_q026_what_broke_off_is_shown_as_far_as_it_goes(desk):
    with open(desk.path("session.skr"), "rb") as file:
        good = file.read()
    with open(desk.path("cut.skr"), "wb") as file:
        file.write(good[:len(good) * 3 // 4])
    cut = desk.admin("recording", "verify", "./cut.skr")
    assert cut.returncode == 0 and "not closed" in cut.stdout
    done = desk.export("--video", "cut.mkv", name="./cut.skr")
    assert done.returncode == 0, done.stderr
    assert desk.probe("cut.mkv")[1] > 0.3


def test_q027_a_recording_made_to_attack_the_decoder_harms_nothing_else(desk):
    """Mutated records of a real session, encrypted as they should be: sekisho-export ends, or makes what it can; nothing half stays."""
    with open(SESSION, "rb") as file:
        good = file.read()
    chance = random.Random(27)
    made = 0
    for turn in range(6):
        bad = bytearray(good)
        for _ in range(20 + 40 * turn):
            # Not the heads at the beginning: that is the tool's to refuse.
            bad[chance.randrange(len(bad) // 8, len(bad))] = chance.randrange(256)
        with open(desk.path("bad"), "wb") as file:
            file.write(bad)
        try:
            desk.record("bad.skr", desk.path("bad"))
        except subprocess.CalledProcessError:
            continue
        made += 1
        before = desk.files()
        done = desk.export("--video", "bad.mkv", name="./bad.skr")
        assert done.returncode in (0, 1), done
        if done.returncode == 0:
            desk.probe("bad.mkv")
            os.unlink(desk.path("bad.mkv"))
        assert desk.files() == before
        for name in ("bad.skr", "bad.skr.hex"):
            os.unlink(desk.path(name))
    assert made >= 1
