# SPDX-License-Identifier: Apache-2.0
"""A Django project of one file that answers requests from templates and a database."""
import sys

try:
    import django
    from django.conf import settings
except ImportError:
    print("Django is not installed")
    sys.exit(77)

settings.configure(
    SECRET_KEY="none", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402

page = Template("<ul>{% for group in groups %}<li>{{ group.name|upper }}{% endfor %}</ul>")


def listing(request):  # shows
    return HttpResponse(page.render(Context({"groups": Group.objects.order_by("name")})))


def as_json(request):  # shows
    return JsonResponse({"groups": list(Group.objects.values("id", "name"))})


urlpatterns = [path("", listing), path("json", as_json)]
call_command("migrate", verbosity=0)
for i in range(50):
    Group.objects.create(name="group %d" % i)
client = Client()
total = 0
for _ in range(10):
    total += len(client.get("/").content) + len(client.get("/json").content)
print(total, client.get("/nothing").status_code)
