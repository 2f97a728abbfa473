"""The audit of grants is appended to and never rewritten; deleting an athlete deletes it with everything else."""

from django.db import migrations

ONLY_APPENDED = """
    create function only_appended() returns trigger language plpgsql as $$
    begin
        -- a deleted user's name is taken off what they did; nothing else of a row may change
        if to_jsonb(new) - 'by_id' is distinct from to_jsonb(old) - 'by_id' or new.by_id is not null then
            raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
        end if;
        return new;
    end $$;
    create trigger grant_event_only_appended before update on athletes_coachgrantevent
        for each row execute function only_appended();
"""
UNDO = """
    drop trigger grant_event_only_appended on athletes_coachgrantevent;
    drop function only_appended();
"""


class Migration(migrations.Migration):
    dependencies = [("athletes", "0001_initial")]
    operations = [migrations.RunSQL(ONLY_APPENDED, UNDO)]
