-- Why a run waits for money, in words.
ALTER TABLE runs ADD COLUMN waiting_note TEXT;
