"""A part for staff who are lawyers: somebody of them sits on the panels that need one."""

from django.db import migrations, models
from django.db.models import Q

ROLES = [
    ("agent", "Agent"),
    ("arbiter", "Arbiter"),
    ("senior", "Senior arbiter"),
    ("lead", "Lead"),
    ("finance", "Finance"),
    ("risk", "Risk"),
    ("auditor", "Auditor"),
    ("counsel", "Legal reviewer"),
]


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_what_was_given_for_a_delivery")]

    operations = [
        migrations.RemoveConstraint(model_name="staffrole", name="accounts_staffrole_role"),
        migrations.AlterField(
            model_name="staffrole", name="role", field=models.CharField(choices=ROLES, max_length=10)
        ),
        migrations.AddConstraint(
            model_name="staffrole",
            constraint=models.CheckConstraint(
                condition=Q(role__in=sorted(name for name, _label in ROLES)), name="accounts_staffrole_role"
            ),
        ),
    ]
