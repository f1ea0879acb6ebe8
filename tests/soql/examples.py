"""Texts by hand: SOQL that uses everything, and texts that are nearly SOQL."""

GOOD = [
    "SELECT Id, Name FROM Account",
    "SELECT COUNT() FROM Contact WHERE Email != NULL",
    "SELECT Account.Owner.Profile.Name, c.Id i FROM Contact c, c.Account a WHERE a.Name LIKE '50\\%\\_%'",
    "SELECT Name, (SELECT Id, (SELECT Id FROM Tasks LIMIT 1) FROM Contacts ORDER BY Name LIMIT 5) FROM Account",
    "SELECT LeadSource, COUNT(Name) n FROM Lead GROUP BY ROLLUP(LeadSource, Rating) HAVING COUNT(Name) > 100",
    (
        "SELECT CALENDAR_YEAR(convertTimezone(CreatedDate)) y, SUM(Amount) FROM Opportunity "
        "GROUP BY CALENDAR_YEAR(convertTimezone(CreatedDate)) ORDER BY SUM(Amount) DESC NULLS LAST, y ASC NULLS FIRST"
    ),
    (
        "SELECT TYPEOF Who WHEN Contact THEN Email, Phone WHEN Lead THEN Company ELSE Name END, Subject FROM Event "
        "WHERE What.Type IN ('Account', 'Opportunity') AND StartDateTime >= 2026-01-01T00:00:00Z"
    ),
    "SELECT FIELDS(ALL) FROM Account LIMIT 200",
    "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact WHERE a = NULL) AND (b = 1 OR (NOT c = 2))",
    "SELECT Id FROM Account WHERE (NOT Name LIKE '%it\\'s%') AND CreatedDate = LAST_N_DAYS:30 AND x > 2026-02-28",
    "SELECT Id FROM Account WHERE Langs__c INCLUDES ('a;b', 'c') AND b EXCLUDES ('d') AND t < 10:00:00.000+01:00",
    (
        "SELECT DISTANCE(Place__c, GEOLOCATION(37.7, -122.4), 'mi') d FROM Account "
        "WHERE DISTANCE(Place__c, GEOLOCATION(37.7, -122.4), 'mi') < 20 "
        "ORDER BY DISTANCE(Place__c, GEOLOCATION(37.7, -122.4), 'mi') DESC"
    ),
    "SELECT toLabel(Status), FORMAT(convertCurrency(Amount)) a FROM Case WHERE Amount > EUR5000.25 AND x = -.5",
    "SELECT Id FROM Case USING SCOPE mine WHERE Status != 'Closed' WITH SECURITY_ENFORCED LIMIT 10 OFFSET 20 FOR VIEW",
    (
        "SELECT Title FROM FAQ__kav WHERE Language = 'en_US' WITH DATA CATEGORY Geo__c ABOVE_OR_BELOW eu__c "
        "AND p__c AT (a, b) ORDER BY Title LIMIT 5 FOR REFERENCE UPDATE TRACKING, VIEWSTAT"
    ),
    "SELECT Id FROM Network WITH NETWORK = '0DB' WITH RecordVisibilityContext (max = 100, domains = true, x = 'y')",
    "select group, order from case order order by offset nulls last offset 5",
    "SELECT Id FROM A WHERE a + b <= 5 BIND x = 'y', z = TODAY",
    "SELECT Id FROM A AS b USING LOOKUP x, SCOPE y, scope z USING SCOPE team WHERE a <> FALSE",
    "SELECT Id FROM A AS scope, scope AS c, d.e",
    "SELECT Id\n\tFROM  A\r\nWHERE x = 'a\\n\\u00e9\\\\' \n ; ",
]

BAD = [
    "",
    "SELECT",
    "SELECT Id",
    "SELECT Id Name Email FROM Contact",
    "SELECT Id,, Name FROM Contact",
    "SELECT Id, Name, FROM Contact",
    "SELECT (SELECT Id FROM Contacts FROM Account",
    "SELECT COUNT(), Id FROM Account",
    "SELECT MIN(MAX(SUM(Amount))) FROM Opportunity",
    "SELECT GROUPING(a, b) FROM Account",
    "SELECT * FROM Account",
    "SELECT Id FROM",
    "SELECT Id FROM Account WHERE",
    "SELECT Id FROM Account WHERE Name",
    "SELECT Id FROM Account WHERE Name =",
    "SELECT Id FROM Account WHERE Name IS NULL",
    "SELECT Id FROM Account WHERE Name = 'a' AND",
    "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
    "SELECT Id FROM Account WHERE NOT Name = 'a' AND Name = 'b'",
    "SELECT Id FROM Account WHERE Name = 'a' AND NOT Name = 'b'",
    "SELECT Id FROM Account WHERE (Name = 'a'",
    "SELECT Id FROM Account WHERE Name = 'a')",
    "SELECT Id FROM Account WHERE Name NOT LIKE 'a%'",
    "SELECT Id FROM Account WHERE Name BETWEEN 1 AND 2",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 5)",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Id FROM Contact)",
    "SELECT Id FROM Account WHERE Name = 'O'Brien'",
    "SELECT Id FROM Account WHERE Id = 001000000000000AAA",
    "SELECT Id FROM Account WHERE CreatedDate > 2026-01-01T00:00:00",
    "SELECT Id FROM Account ORDER Name",
    "SELECT Id FROM Account ORDER BY Name WHERE Name = 'a'",
    "SELECT Id FROM Account LIMIT 5 ORDER BY Name",
    "SELECT Id FROM Account OFFSET 5 LIMIT 5",
    "SELECT Id FROM Account LIMIT 5.5",
    "SELECT Id FROM Account LIMIT ten",
    "SELECT Id FROM Account HAVING COUNT(Id) > 1",
    "SELECT Id FROM Account GROUP BY ROLLUP(a), b",
    "SELECT Id FROM Account FOR UPDATE",
    "SELECT Id FROM Account WHERE a = 1 ALL ROWS",
    "SELECT Id FROM Account USING SCOPE",
    "SELECT Id FROM Account JOIN Contact ON a = b",
    "SELECT TYPEOF What WHEN Account THEN Name FROM Event",
    "UPDATE Account SET Name = 'a'",
    "DELETE FROM Account",
]
