"""A coach who deletes their account takes their address off the audit: it may be emptied, and still not be rewritten."""

from django.db import migrations

RULE = """
    create or replace function only_appended() returns trigger language plpgsql as $$
    begin
        -- a deleted user's name is taken off what they did; nothing else of a row may change
        if to_jsonb(new) - 'by_id' - 'coach_email' is distinct from to_jsonb(old) - 'by_id' - 'coach_email'
            or (new.by_id is not null and new.by_id is distinct from old.by_id)
            or (to_jsonb(new) ->> 'coach_email' <> '' and
                to_jsonb(new) ->> 'coach_email' is distinct from to_jsonb(old) ->> 'coach_email')
            or to_jsonb(new) = to_jsonb(old)
        then
            raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
        end if;
        return new;
    end $$;
"""
BEFORE = """
    create or replace function only_appended() returns trigger language plpgsql as $$
    begin
        if to_jsonb(new) - 'by_id' is distinct from to_jsonb(old) - 'by_id' or new.by_id is not null then
            raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
        end if;
        return new;
    end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("athletes", "0007_coach_grant_looked_at")]
    operations = [migrations.RunSQL(RULE, BEFORE)]
