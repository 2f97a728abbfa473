from django.urls import path

from athletes.views import account, erase, first_operator, invitations, privacy, welcome

app_name = "athletes"

urlpatterns = [
    path("", account.home, name="home"),
    path("more/", account.more, name="more"),
    path("settings/", account.settings, name="settings"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/coaches/", privacy.coach_add, name="privacy-coach-add"),
    path("privacy/coaches/withdraw/", privacy.coach_withdraw, name="privacy-coach-withdraw"),
    path("privacy/delete/", erase.erase_account, name="privacy-delete"),
    path("privacy/deleted/", erase.erased, name="privacy-deleted"),
    path("invitations/", invitations.invitation_list, name="invitation-list"),
    path("invitations/<int:invitation_id>/revoke/", invitations.invitation_revoke, name="invitation-revoke"),
    path("join/<str:token>/", invitations.join, name="join"),
    path("first-operator/<str:token>/", first_operator.first_operator, name="first-operator"),
]
