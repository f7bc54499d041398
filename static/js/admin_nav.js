/* The admin's side bar begins closed; whoever opens it keeps it open. */
try {
  if (localStorage.getItem("django.admin.navSidebarIsOpen") === null) {
    localStorage.setItem("django.admin.navSidebarIsOpen", "false");
  }
} catch (error) {
  // no storage is allowed: the stock way then
}
